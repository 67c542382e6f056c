/**
 * A body that settles the rest of its response when it is about to be sent.
 *
 * Fastify takes status and headers from a `Response` as they are, but neither a reason phrase nor what depends on the
 * request: compression, ranges of a file. It pipes streams into Node's response, though, and the head goes out with
 * the first byte: until then such a body may still change it. So only responses that need it go this way, and no hook
 * is needed.
 *
 * @module
 */

import { ServerResponse } from 'node:http'
import { PassThrough, Readable, pipeline, type TransformCallback } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import type { Body } from '../../lib/content.ts'
import { AIO_ERR_RESPONSE_LENGTH } from '../../lib/errors.ts'
import type { Headers } from '../../lib/headers.ts'
import { FileStream } from './file-stream.ts'

/** A response with everything decided. */
export interface Resolved {
  readonly status: number
  readonly reason: string
  readonly headers: Headers
  readonly body: Body
}

/** What the late body belongs to. */
export interface LateResponse {
  /** As Fastify has seen them. */
  readonly headers: Headers
  /** Decides, now that the request is known. */
  resolve (request: ServerResponse['req']): Promise<Resolved>
}

/** The stream Fastify gets. */
export class LateBody extends PassThrough {
  readonly #response: LateResponse
  /** What the head has announced. */
  #length: number | undefined
  #passed = 0

  constructor (response: LateResponse) {
    super()
    this.#response = response
  }

  override pipe<Target extends NodeJS.WritableStream> (target: Target, options?: { end?: boolean }): Target {
    // HTTP/2 has another class, of the same shape.
    this.#start(target as unknown as ServerResponse).catch((error: Error) => this.destroy(error))
    return super.pipe(target, options)
  }

  // What is too much would be taken for the next response, what is missing be waited for.
  override _transform (chunk: Buffer, encoding: BufferEncoding, callback: TransformCallback): void {
    this.#passed += chunk.length
    if (this.#length !== undefined && this.#passed > this.#length) callback(this.#wrongLength('more'))
    else super._transform(chunk, encoding, callback)
  }

  override _flush (callback: TransformCallback): void {
    const short = this.#length !== undefined && this.#passed < this.#length
    callback(short ? this.#wrongLength(this.#passed) : null)
  }

  #wrongLength (found: number | string): Error {
    return new AIO_ERR_RESPONSE_LENGTH(this.#length ?? 0, found)
  }

  async #start (target: ServerResponse): Promise<void> {
    const before = [...this.#response.headers.names()]
    const { body, headers, reason, status } = await this.#response.resolve(target.req)
    if (this.destroyed) {
      if (body instanceof Readable) body.destroy()
      return
    }
    target.statusCode = status
    if (target instanceof ServerResponse) target.statusMessage = reason
    for (const name of before) if (!headers.has(name)) target.removeHeader(name)
    for (const [name, value] of headers) target.setHeader(name, value)
    if (body instanceof FileStream) {
      this.#leaveTo(body, target)
      return
    }
    if (target.req.method !== 'HEAD' && headers.has('content-length')) this.#length = Number(headers.get('content-length'))
    if (body instanceof Readable || body instanceof ReadableStream) {
      const source = body instanceof Readable ? body : Readable.fromWeb(body)
      pipeline(source, this, () => {})
    } else this.end(body ?? undefined)
  }

  /** A file knows its length, and is sent much faster past this stream, which ends with it. */
  #leaveTo (file: FileStream, target: ServerResponse): void {
    file.once('error', error => this.destroy(error)).once('end', () => this.end())
    this.once('close', () => file.destroy())
    file.pipe(target, { end: false })
  }
}
