/**
 * Watches files, and tells when one of them has changed.
 *
 * Watches folders, not files: editors save by putting a new file in the place of the old one.
 *
 * @module
 */

import { statSync, watch, type FSWatcher } from 'node:fs'
import path from 'node:path'

/** How long to wait for more changes, in milliseconds: saving all files is one change. */
const QUIET = 50

/** Watches a growing set of files until it is closed. */
export class FileWatcher implements Disposable {
  readonly #onChange: () => void
  readonly #folders = new Map<string, FSWatcher>()
  readonly #changedAt = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  /** Whether any change in the folders counts: what is missing may be a file that was never there. */
  anyFile = false

  constructor (onChange: () => void) {
    this.#onChange = onChange
  }

  /** Watches these files, too. */
  add (files: Iterable<string>): void {
    for (const file of files) {
      if (!this.#changedAt.has(file)) this.#changedAt.set(file, changedAt(file))
      const folder = path.dirname(file)
      if (this.#folders.has(folder)) continue
      try {
        const watcher = watch(folder, (_event, name) => this.#look(folder, name))
        watcher.on('error', () => {})
        this.#folders.set(folder, watcher)
      } catch {
        // A folder that is not there cannot change; what wanted it has failed already.
      }
    }
  }

  [Symbol.dispose] (): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  #look (folder: string, name: string | null): void {
    const file = name === null ? null : path.join(folder, name)
    if (file !== null && !this.anyFile && !this.#hasChanged(file)) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      for (const file of this.#changedAt.keys()) this.#changedAt.set(file, changedAt(file))
      this.#onChange()
    }, QUIET)
  }

  /** Systems also report what is only read. */
  #hasChanged (file: string): boolean {
    const before = this.#changedAt.get(file)
    return before !== undefined && before !== changedAt(file)
  }
}

function changedAt (file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
