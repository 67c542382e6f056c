/**
 * The body of one request: who has read it, what was kept of it, and what has to go when the response is finished.
 *
 * Made when somebody asks for it. A request whose body nobody asks for is Node's business alone.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { HTTPRequestEntityTooLarge } from '../exceptions/index.ts'
import { DecodedSource, isDecodable } from './decoded-source.ts'
import { AIO_ERR_BODY_PARSED } from './errors.ts'
import { StreamSource, type Source } from './source.ts'
import { Spool, type SpoolOptions } from './spool.ts'
import { StreamReader } from './stream-reader.ts'

/** What a body needs to know. */
export interface BodyOptions {
  /** Whether `Content-Encoding` is undone. */
  readonly decompress: boolean
  /** How long the rest of a body nobody wants is taken before the connection is cut, in milliseconds. */
  readonly lingeringTime: number
  readonly spool: SpoolOptions
}

/** The body of one request. */
export class Body {
  readonly #raw: IncomingMessage
  readonly #source: Source
  readonly #options: BodyOptions
  readonly #onUse: () => void
  #content: StreamReader | undefined
  #bytes: Promise<Buffer> | undefined
  #spool: Spool | undefined
  #disposed = false

  /** `onUse` is called once, when there is something that has to be disposed of. */
  constructor (raw: IncomingMessage, options: BodyOptions, onUse: () => void) {
    this.#raw = raw
    this.#options = options
    this.#onUse = onUse
    const source = new StreamSource(raw)
    const coding = raw.headers['content-encoding']
    this.#source = options.decompress && isDecodable(coding) ? new DecodedSource(source, coding) : source
  }

  /** Whether the message has a body, be it read or not. */
  get exists (): boolean {
    const { 'content-length': length, 'transfer-encoding': encoding } = this.#raw.headers
    return encoding !== undefined || (length !== undefined && Number(length) > 0)
  }

  /** Whether some of it is still to be read. */
  get readable (): boolean {
    return this.exists && !(this.#content?.atEof() ?? this.#source.ended)
  }

  /** Whether it was read as a whole. */
  get wasRead (): boolean {
    return this.#bytes !== undefined
  }

  /** The body as a stream. @throws AIO_ERR_BODY_PARSED */
  get content (): StreamReader {
    if (this.#content === undefined && this.exists && this.#raw.readableEnded) {
      throw new AIO_ERR_BODY_PARSED('request.content')
    }
    if (this.#content === undefined) {
      this.#content = new StreamReader(this.#source)
      this.#onUse()
    }
    return this.#content
  }

  /** Whether there may be uploaded files. */
  get hasFiles (): boolean {
    return this.#spool !== undefined
  }

  /** Where uploaded files of this request go. */
  get spool (): Spool {
    this.#spool ??= new Spool(this.#options.spool)
    return this.#spool
  }

  /** All of it, the same bytes each time. @throws HTTPRequestEntityTooLarge, AIO_ERR_BODY_ABORTED */
  read (maxSize: number): Promise<Buffer> {
    this.#bytes ??= this.guard(this.#readAll(maxSize))
    return this.#bytes
  }

  /** Bytes that somebody else has read already. */
  provide (bytes: Buffer): void {
    this.#bytes ??= Promise.resolve(bytes)
  }

  /** Waits for something that reads; when that fails, nobody wants the rest, and the client may go on. */
  async guard<T> (reading: Promise<T>): Promise<T> {
    try {
      return await reading
    } catch (error) {
      this.#drain()
      throw error
    }
  }

  /** Takes the rest and forgets it. */
  async release (): Promise<void> {
    while ((await this.content.readany()).length > 0);
  }

  /** Removes the files, and lets the connection go on with its next request. */
  async dispose (): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    if (this.#content !== undefined) this.#drain()
    await this.#spool?.close()
  }

  async #readAll (maxSize: number): Promise<Buffer> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of this.content.iterAny()) {
      size += chunk.length
      if (maxSize > 0 && size > maxSize) throw new HTTPRequestEntityTooLarge(maxSize, size)
      chunks.push(chunk)
    }
    return chunks.length === 1 ? chunks[0] ?? Buffer.alloc(0) : Buffer.concat(chunks, size)
  }

  /** Node does this only for a body that nobody has touched. */
  #drain (): void {
    const raw = this.#raw
    this.#source.stop()
    if (raw.readableEnded || raw.destroyed) return
    raw.resume()
    const timer = setTimeout(() => raw.destroy(), this.#options.lingeringTime).unref()
    raw.once('close', () => clearTimeout(timer))
  }
}
