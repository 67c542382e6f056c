/**
 * aiohttp's StreamResponse: the head first, then the body piece by piece, as fast as the client takes it.
 *
 * Goes through Fastify like any other response: hooks see it, and `onResponsePrepare` does.
 *
 * @module
 */

import { type IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough, Transform, finished } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Body } from '../../lib/content.ts'
import {
  AIO_ERR_ARGUMENT_INVALID, AIO_ERR_RESPONSE_CLOSED, AIO_ERR_RESPONSE_LENGTH, AIO_ERR_RESPONSE_REPLY,
  AIO_ERR_RESPONSE_STATE
} from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import { createEncoder } from './compression.ts'
import { noteStarted, replyOf, type Started } from './reply.ts'
import { ResponseHead } from './response-head.ts'

/** A response that is written in pieces. */
export class StreamResponse extends ResponseHead implements Started {
  #sink: Transform | undefined
  #raw: ServerResponse | undefined
  /** Bytes that may still be written; `undefined` without a length. */
  #left: number | undefined
  #ended: Promise<void> | undefined
  /** HEAD, 204 and 304: nothing that is written is sent. */
  #bodiless = false
  #prepared: Promise<void> | undefined

  /** Whether the head is on its way. */
  get prepared (): boolean {
    return this.#sink !== undefined
  }

  /** What Fastify pipes; `null` before `prepare()`. */
  get body (): Body {
    return this.#sink ?? null
  }

  /**
   * Sends the head; resolves when it is out, and does nothing the second time. The reply has to be given in handlers
   * of Fastify's own routes, which end the response and return the reply; those of `addRoutes()` return the response.
   *
   * @throws AIO_ERR_RESPONSE_STATE, AIO_ERR_RESPONSE_REPLY
   */
  async prepare (request: FastifyRequest, reply: FastifyReply | undefined = replyOf(request)): Promise<void> {
    this.#prepared ??= this.#start(request, reply)
    return await this.#prepared
  }

  async #start ({ method, raw }: FastifyRequest, reply: FastifyReply | undefined): Promise<void> {
    if (reply === undefined) throw new AIO_ERR_RESPONSE_REPLY()
    if (reply.raw.destroyed) throw new AIO_ERR_RESPONSE_CLOSED()
    if (this.chunked && raw.httpVersion === '1.0') {
      throw new AIO_ERR_RESPONSE_STATE('send chunks', 'the client speaks HTTP/1.0')
    }
    const statusOnly = this.status === 204 || this.status === 304
    this.#bodiless = method === 'HEAD' || statusOnly
    const coding = statusOnly ? 'identity' : this.applyCoding(raw.headers['accept-encoding'])
    if (!this.#bodiless && this.contentLength !== 0 && !this.headers.has('content-type')) {
      this.headers.set('content-type', 'application/octet-stream')
    }
    this.#left = this.#bodiless ? undefined : this.contentLength ?? undefined
    this.#raw = reply.raw
    const sink = coding === 'identity' || this.#bodiless ? new PassThrough() : createEncoder(coding)
    const over = this.#whenOver(sink, reply.raw, raw)
    const piped = this.#whenPiped(sink, reply.raw)
    this.#sink = sink
    // Whoever writes learns of it; a response nobody writes to must not end the process.
    sink.on('error', () => {})
    noteStarted(raw, this)
    reply.send(this)
    // Without a body nothing is piped.
    await Promise.race([piped, over])
  }

  /** For those who build on this: called when the response is over, however it ended. */
  protected onOver (): void {}

  /** Resolves when the response is sent, or its connection closed. */
  #whenOver (sink: Transform, raw: ServerResponse, request: IncomingMessage): Promise<void> {
    return new Promise(resolve => finished(raw, () => {
      noteStarted(request, undefined)
      // Nobody else does when nothing was piped; whoever still writes learns that way.
      sink.destroy()
      this.onOver()
      resolve()
    }))
  }

  /** Resolves when Fastify pipes the body, with the head out. */
  #whenPiped (sink: Transform, raw: ServerResponse): Promise<void> {
    return new Promise(resolve => {
      const pipe = sink.pipe.bind(sink)
      let piped = false
      sink.pipe = (target, options) => {
        // A handler of Fastify's own routes has returned what it has written to: it is done.
        if (piped) this.writeEof().catch(() => {})
        else {
          piped = true
          if (raw instanceof ServerResponse) raw.statusMessage = this.reason
          pipe(target, options)
          raw.flushHeaders()
          resolve()
        }
        return target
      }
    })
  }

  /**
   * Sends a piece; resolves when there is room for more. What is beyond the length is dropped.
   *
   * @throws AIO_ERR_RESPONSE_STATE, AIO_ERR_RESPONSE_CLOSED
   */
  async write (data: string | Uint8Array): Promise<void> {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
      throw new AIO_ERR_ARGUMENT_INVALID('data', 'write()', 'a string or bytes', describe(data))
    }
    const sink = this.#writable('write')
    if (this.#bodiless) return
    let chunk: Uint8Array = typeof data === 'string' ? Buffer.from(data) : data
    if (this.#left !== undefined) {
      chunk = chunk.subarray(0, this.#left)
      this.#left -= chunk.length
    }
    if (chunk.length === 0 || sink.write(chunk)) return
    await drained(sink)
    if (sink.destroyed) throw new AIO_ERR_RESPONSE_CLOSED()
  }

  /** Ends the body, after a last piece; does nothing the second time. @throws as `write()` */
  async writeEof (data: string | Uint8Array = ''): Promise<void> {
    this.#ended ??= this.#end(data)
    return await this.#ended
  }

  /** Cuts the connection when the response is not at its end. */
  abort (): void {
    if (this.#raw?.writableEnded === false) this.#raw.destroy()
  }

  async #end (data: string | Uint8Array): Promise<void> {
    if (this.#bodiless) {
      this.#sink?.end()
      return
    }
    if (data.length > 0) await this.write(data)
    const sink = this.#writable('end the response')
    if (this.#left !== undefined && this.#left > 0) {
      // A body that is shorter than its length must not look complete.
      this.abort()
      const length = this.contentLength ?? 0
      throw new AIO_ERR_RESPONSE_LENGTH(length, length - this.#left)
    }
    sink.end()
  }

  #writable (what: string): Transform {
    const sink = this.#sink
    if (sink === undefined) throw new AIO_ERR_RESPONSE_STATE(what, 'the response is not prepared yet')
    if (sink.writableEnded) throw new AIO_ERR_RESPONSE_STATE(what, 'the response has ended')
    if (sink.destroyed && !this.#bodiless) throw new AIO_ERR_RESPONSE_CLOSED()
    return sink
  }
}

/** Resolves when there is room for more, or when there will never be. */
function drained (sink: Transform): Promise<void> {
  return new Promise(resolve => {
    const settle = () => {
      sink.off('drain', settle).off('close', settle)
      resolve()
    }
    sink.on('drain', settle).on('close', settle)
  })
}
