/**
 * What is sent for a name: the file or a compressed sibling, from memory when it is small and was asked for before.
 *
 * Knows no HTTP. What is in memory is compared with the disk again and again: its real path, time and size.
 *
 * @module
 */

import type { BigIntStats } from 'node:fs'
import { contentTypeOf, type FileEncoding, fileFacts, type FileFacts } from '../responses/index.ts'
import type { Cache, Cached } from './cache.ts'
import type { Folder, Found, OpenFile, Place } from './folder.ts'

const extensions: Readonly<Record<FileEncoding, string>> = { br: '.br', gzip: '.gz' }

/** A file, or a compressed sibling in its place. */
export interface Representation extends Cached {
  /** The real path of what is sent. */
  readonly path: string
  /** How that is compressed. */
  readonly encoding: FileEncoding | undefined
  /** Time and size as headers tell them, and the media type: those of the file, also for a sibling. */
  readonly facts: FileFacts
  readonly contentType: string
  readonly head: Head
  /** The bytes, when they are in memory. */
  readonly content: Buffer | undefined
  readonly stats: BigIntStats
  /** Whether the file had been left alone for a while: a change within one tick of the clock shows nowhere. */
  readonly settled: boolean
}

/** Headers that are the same for everybody. */
export interface Head {
  /** Of a response with the whole file. */
  readonly whole: Readonly<Record<string, string>>
  /** Of a 304. */
  readonly validators: Readonly<Record<string, string>>
}

/** Older than any tick of a file system's clock, in milliseconds. */
const tick = 2000

/** How a folder's files are kept and announced. */
export interface FilesOptions {
  /** Memory that several folders may share; without it every file comes from disk. */
  readonly cache: Cache<Representation> | undefined
  /** The Cache-Control header. */
  readonly cacheControl: string | false
  /** Keeps the folder's keys apart from those of others. */
  readonly prefix: string
}

/** The files of one folder. */
export class Files {
  readonly folder: Folder
  readonly #cache: Cache<Representation> | undefined
  readonly #options: FilesOptions
  readonly #looks = new Map<string, Promise<Representation | Found>>()

  constructor (folder: Folder, options: FilesOptions) {
    this.folder = folder
    this.#cache = options.cache
    this.#options = options
  }

  /** The headers of a file whose facts may have changed since it was found. */
  headOf ({ contentType, encoding }: Pick<Representation, 'contentType' | 'encoding'>, facts: FileFacts): Head {
    const { cacheControl } = this.#options
    const validators = {
      etag: facts.etag,
      'last-modified': facts.lastModified,
      ...(cacheControl !== false && { 'cache-control': cacheControl })
    }
    const whole = {
      'content-type': contentType,
      ...validators,
      'accept-ranges': 'bytes',
      ...(encoding !== undefined && { 'content-encoding': encoding, vary: 'Accept-Encoding' }),
      'content-length': String(facts.size)
    }
    return { whole, validators }
  }

  /** What memory has for a name and the encodings a client takes, best first. */
  recall (name: string, encodings: readonly FileEncoding[]): Representation | undefined {
    return this.#cache?.fresh(this.#key(name, encodings))
  }

  /** Looks on the disk; everybody who asks for the same thing at the same time shares one look. */
  async look (name: string, encodings: readonly FileEncoding[]): Promise<Representation | Found> {
    const key = this.#key(name, encodings)
    const running = this.#looks.get(key)
    if (running !== undefined) return await running
    const look = this.#look(key, name, encodings).finally(() => this.#looks.delete(key))
    this.#looks.set(key, look)
    return await look
  }

  async #look (key: string, name: string, encodings: readonly FileEncoding[]): Promise<Representation | Found> {
    const checked = performance.now()
    const found = await this.folder.find(name)
    const sibling = found.kind === 'file' || found.kind === 'missing'
      ? await this.#sibling(name, found, encodings)
      : undefined
    const place = sibling?.place ?? found
    if (!('path' in place) || place.kind !== 'file') {
      this.#cache?.delete(key)
      return place
    }
    const before = this.#cache?.stale(key)
    if (before?.settled === true && before.path === place.path && isSame(before.stats, place.stats)) {
      before.checked = checked
      return before
    }
    const file = await this.#load(place, sibling?.encoding, checked)
    this.#cache?.set(key, file)
    return file
  }

  async #sibling (name: string, found: Found, encodings: readonly FileEncoding[]) {
    for (const encoding of encodings) {
      const place = await this.folder.findSibling(name, found, extensions[encoding])
      if (place !== undefined) return { encoding, place }
    }
    return undefined
  }

  async #load ({ path, stats }: Place, encoding: FileEncoding | undefined, checked: number): Promise<Representation> {
    const opened = this.#isSmall(stats) ? await this.folder.open(path) : undefined
    const content = opened === undefined ? undefined : await readAll(opened)
    // Head and content are of one file, whatever happened since the look.
    const seen = content === undefined || opened === undefined ? stats : opened.stats
    const facts = fileFacts(seen)
    const contentType = contentTypeOf(encoding === undefined ? path : path.slice(0, -extensions[encoding].length))
    return {
      path,
      encoding,
      stats: seen,
      facts,
      contentType,
      head: this.headOf({ contentType, encoding }, facts),
      content,
      checked,
      settled: Date.now() - Number(seen.ctimeMs) > tick,
      weight: content?.length ?? 0
    }
  }

  #isSmall ({ size }: BigIntStats): boolean {
    return this.#cache !== undefined && size <= this.#cache.limits.fileSize
  }

  #key (name: string, encodings: readonly FileEncoding[]): string {
    return `${this.#options.prefix}${encodings.join()}:${name}`
  }
}

/** The whole file; `undefined` when it is being written to. */
async function readAll ({ handle, stats }: OpenFile): Promise<Buffer | undefined> {
  try {
    const size = Number(stats.size)
    // One byte more than there should be tells a file that grows.
    const buffer = Buffer.allocUnsafeSlow(size + 1)
    const { bytesRead } = await handle.read(buffer, 0, size + 1, 0)
    return bytesRead === size ? buffer.subarray(0, size) : undefined
  } finally {
    await handle.close()
  }
}

function isSame (a: BigIntStats, b: BigIntStats): boolean {
  return a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size && a.ino === b.ino && a.dev === b.dev
}
