/**
 * Imports a module afresh, together with all it imports that belongs to the project.
 *
 * Packages in `node_modules` are loaded once, and so is this one: its keys and classes must stay the same. Node never
 * forgets a module, so each import costs as much memory as the project's own code.
 *
 * @module
 */

import module, { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { MessageChannel } from 'node:worker_threads'
import { createResolve, isOfProject, markedUrl, type ReloadOptions } from './reload-hooks.ts'

/** `module.registerHooks()`, which Node 20 does not have. */
type RegisterHooks = (hooks: { resolve: unknown }) => void

const ownFolder = new URL('..', import.meta.url).href

/** Loads modules afresh; one for a process, for Node keeps the hook. */
export class Reloader {
  readonly #options: ReloadOptions = { kept: ['app.', 'lib/', 'plugins/', 'server'].map(name => `${ownFolder}${name}`) }
  readonly #files = new Set<string>()
  #generation = 0

  constructor () {
    const report = (url: string) => { this.#files.add(fileOf(url)) }
    const { registerHooks } = module as { registerHooks?: RegisterHooks }
    if (registerHooks !== undefined) {
      registerHooks({ resolve: createResolve(this.#options, report) })
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.on('message', report)
    port1.unref()
    // The same ending as ours: the published package has no TypeScript.
    module.register(`./reload-hooks${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url, {
      data: { ...this.#options, port: port2 }, transferList: [port2]
    })
  }

  /** The files of the project that were imported so far, or would have been. */
  get files (): ReadonlySet<string> {
    for (const file of this.#required()) this.#files.add(file)
    return this.#files
  }

  /** Imports the module at a `file:` URL. */
  async import (url: string): Promise<Record<string, unknown>> {
    this.#generation += 1
    this.#files.add(fileOf(url))
    const { cache } = createRequire(import.meta.url)
    for (const file of this.#required()) delete cache[file]
    return await import(markedUrl(url, String(this.#generation)))
  }

  /** CommonJS modules of the project; those have a cache that can be emptied. */
  #required (): string[] {
    const { cache } = createRequire(import.meta.url)
    return Object.keys(cache).filter(file => path.isAbsolute(file) && isOfProject(`file://${file}`, this.#options))
  }
}

function fileOf (url: string): string {
  const { protocol, pathname } = new URL(url)
  return fileURLToPath(`${protocol}//${pathname}`)
}
