/**
 * Uploaded files: in memory while they are small, all others of one request in one temporary file.
 *
 * The file has no name any more once it is open, as Python's `TemporaryFile`: whatever happens to the process,
 * nothing is left behind. One file for all parts: many small parts cannot use up the process's descriptors.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AIO_ERR_BODY_ABORTED } from './errors.ts'

/** Where uploaded files go. */
export interface SpoolOptions {
  /** Bytes of one request that stay in memory. */
  readonly memory: number
  /** Where the temporary file is made; the system's folder for such when left out. */
  readonly folder?: string | undefined
}

/** Bytes of one file, wherever they are. */
export interface Stored {
  readonly size: number
  /** Whether they are on disk. */
  readonly onDisk: boolean
  /** Bytes from `start` to `end` (excluded), in order. */
  read (start?: number, end?: number): AsyncGenerator<Buffer, void, void>
}

const pieceSize = 64 * 1024

/** The uploaded files of one request. */
export class Spool {
  readonly #options: SpoolOptions
  #inMemory = 0
  #file: FileHandle | undefined
  #position = 0
  #closed = false

  constructor (options: SpoolOptions) {
    this.#options = options
  }

  get closed (): boolean {
    return this.#closed
  }

  /** Stores what an iterable gives; several one after the other, never at once. */
  async store (chunks: AsyncIterable<Buffer>): Promise<Stored> {
    let kept: Buffer[] | undefined = []
    let size = 0
    let start = this.#position
    for await (const chunk of chunks) {
      if (kept !== undefined && this.#inMemory + chunk.length > this.#options.memory) {
        start = this.#position
        for (const piece of kept) await this.#write(piece)
        this.#inMemory -= size
        kept = undefined
      }
      size += chunk.length
      if (kept === undefined) {
        await this.#write(chunk)
      } else {
        // A copy: the chunk is a view into a larger piece of memory.
        kept.push(Buffer.from(chunk))
        this.#inMemory += chunk.length
      }
    }
    if (kept === undefined) return this.#onDisk(start, size)
    const all = Buffer.concat(kept)
    return {
      size,
      onDisk: false,
      async * read (from = 0, to = size) { yield all.subarray(from, to) }
    }
  }

  /** Removes everything. */
  async close (): Promise<void> {
    this.#closed = true
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  #onDisk (start: number, size: number): Stored {
    const piece = (position: number, length: number) => this.#read(position, length)
    return {
      size,
      onDisk: true,
      async * read (from = 0, to = size) {
        const end = start + Math.min(to, size)
        for (let position = start + from; position < end;) {
          const bytes = await piece(position, Math.min(pieceSize, end - position))
          if (bytes.length === 0) return
          position += bytes.length
          yield bytes
        }
      }
    }
  }

  async #read (position: number, length: number): Promise<Buffer> {
    if (this.#file === undefined) return Buffer.alloc(0)
    const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  }

  async #write (bytes: Buffer): Promise<void> {
    this.#file ??= await this.#open()
    for (let offset = 0; offset < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, offset, bytes.length - offset, this.#position)
      offset += bytesWritten
      this.#position += bytesWritten
    }
  }

  async #open (): Promise<FileHandle> {
    const path = join(this.#options.folder ?? tmpdir(), `upload-${randomUUID()}`)
    const file = await open(path, 'wx+', 0o600)
    await unlink(path)
    // The client may have gone while the file was opened.
    if (!this.#closed) return file
    await file.close()
    throw new AIO_ERR_BODY_ABORTED()
  }
}
