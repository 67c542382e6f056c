/**
 * Where the texts of templates come from: folders, and texts given by name.
 *
 * A name is a path below a folder; what leaves it has no template, whoever made up the name.
 *
 * @module
 */

import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** The text of a template. */
export interface TemplateSource {
  readonly text: string
  /** The path of the file, or the name of a text that has none. */
  readonly file: string
  /** Another one when the text has changed. */
  readonly version: string
}

/** Finds templates by their names; the first folder that has one wins, texts given by name come before all. */
export class TemplateFiles {
  readonly #folders: readonly string[]
  readonly #sources: ReadonlyMap<string, string>

  constructor (folders: readonly string[], sources: Readonly<Record<string, string>> = {}) {
    this.#folders = folders
    this.#sources = new Map(Object.entries(sources))
  }

  /** Where is looked, for people. */
  get places (): string {
    return [...this.#sources.size > 0 ? ['sources'] : [], ...this.#folders].join(', ')
  }

  /** The version of a template without its text; `undefined` when there is none of that name. */
  versionOf (name: string): string | undefined {
    return this.#sources.has(name) ? 'source' : this.#find(name)?.version
  }

  /** The text of a template; `undefined` when there is none of that name. */
  read (name: string): TemplateSource | undefined {
    const text = this.#sources.get(name)
    if (text !== undefined) return { text, file: name, version: 'source' }
    const found = this.#find(name)
    return found && { ...found, text: readFileSync(found.file, 'utf8').replace(/^\uFEFF/, '') }
  }

  #find (name: string): { file: string, version: string } | undefined {
    const segments = name.split('/').filter(segment => segment !== '' && segment !== '.')
    if (segments.length === 0 || segments.some(isNoName)) return undefined
    for (const folder of this.#folders) {
      const file = path.join(folder, ...segments)
      const stats = statSync(file, { throwIfNoEntry: false, bigint: true })
      if (stats?.isFile() === true) return { file, version: `${file} ${stats.mtimeNs} ${stats.size} ${stats.ino}` }
    }
    return undefined
  }
}

/** What Jinja2 refuses, and what a file system would read in its own way. */
function isNoName (segment: string): boolean {
  return segment === '..' || segment.length > 255 || segment.includes('\\') || segment.includes('\0')
}
