/**
 * The version of a file for its URL: a hash of its bytes, so that a changed file has another URL.
 *
 * Works without a promise, for templates ask for it; a file is read once for as long as its time and size stay.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import type { Folder } from './folder.ts'

/** A hash is small, but there is no end of names. */
const limit = 10_000
const piece = 1024 * 1024

/** The versions of the files of one folder. */
export class Versions {
  readonly #folder: Folder
  readonly #known = new Map<string, { tag: string, version: string }>()

  constructor (folder: Folder) {
    this.#folder = folder
  }

  /** SHA-256 in URL-safe Base64 with padding, as aiohttp has it; `undefined` where no file can be sent. */
  get (name: string): string | undefined {
    const file = this.#folder.findFileSync(name)
    if (file === undefined) return undefined
    const { path, stats: { mtimeNs, ctimeNs, size, ino } } = file
    const tag = [path, mtimeNs, ctimeNs, size, ino].join()
    const known = this.#known.get(name)
    if (known?.tag === tag) return known.version
    const version = hashOf(path)
    if (this.#known.size >= limit) this.#known.clear()
    this.#known.set(name, { tag, version })
    return version
  }
}

function hashOf (path: string): string {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(piece)
  const file = openSync(path, 'r')
  try {
    const read = () => readSync(file, buffer, 0, piece, null)
    for (let length = read(); length > 0; length = read()) hash.update(buffer.subarray(0, length))
  } finally {
    closeSync(file)
  }
  return hash.digest('base64').replaceAll('+', '-').replaceAll('/', '_')
}
