/**
 * A reason phrase of one's own on a response that Fastify sends.
 *
 * Fastify takes status and headers from a `Response`, but no phrase. It pipes streams into Node's
 * response, though, which is where the phrase belongs: such a body sets it when it is piped. So only
 * responses with a phrase of their own go this way, and no hook is needed.
 *
 * @module
 */

import { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import type { Body } from '../../lib/content.ts'

/** A body that knows the phrase of its status line, and its length where it had one. */
export function withReason (reason: string, body: Body): Readable {
  const stream = toStream(body)
  const length = lengthOf(body)
  const { pipe } = stream
  return Object.defineProperty(stream, 'pipe', {
    value: function (this: Readable, ...args: Parameters<Readable['pipe']>) {
      const [target] = args
      // HTTP/2 has no phrases.
      if (target instanceof ServerResponse && !target.headersSent) {
        target.statusMessage = reason
        if (length !== undefined && target.statusCode !== 304) target.setHeader('content-length', length)
      }
      return Reflect.apply(pipe, this, args)
    }
  })
}

function toStream (body: Body): Readable {
  if (body instanceof Readable) return body
  if (body instanceof ReadableStream) return Readable.fromWeb(body)
  return Readable.from(body === null ? [] : [body], { objectMode: false })
}

function lengthOf (body: Body): number | undefined {
  if (body === null) return 0
  return typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.byteLength(body) : undefined
}
