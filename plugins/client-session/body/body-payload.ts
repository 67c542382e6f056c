/**
 * The two kinds of bodies a request can have: bytes that are there, and bytes that come.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'
import type { Payload } from '../types.ts'

/** The type of bytes nobody knows more about. */
export const octets = 'application/octet-stream'

/** Something that gives text or bytes piece by piece. */
export type Chunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>

/** A body whose bytes come when it is read. */
export interface StreamPayloadInit {
  /** Begins to read; called for each sending. */
  readonly open: () => Chunks
  /** In bytes; `null` when nobody knows. */
  readonly length: number | null
  /** The Content-Type. */
  readonly type: string
  /** Whether `open()` may be called more than once. */
  readonly replayable: boolean
  /** Gives back what is held. */
  readonly close?: () => void | Promise<void>
}

/** A body that is there as a whole; the bytes are not copied. */
export function bytesPayload (bytes: ArrayBuffer | ArrayBufferView, type: string): Payload {
  return {
    body: asBuffer(bytes),
    length: bytes.byteLength,
    headers: [['Content-Type', type]],
    replayable: true,
    close: nothing
  }
}

/** A body that is read while it is sent. */
export function streamPayload ({ open, length, type, replayable, close = nothing }: StreamPayloadInit): Payload {
  return {
    body: { [Symbol.asyncIterator]: () => buffers(open()) },
    length,
    headers: [['Content-Type', type]],
    replayable,
    close: async () => await close()
  }
}

/** The bytes of a body, whatever it is: to be hashed, joined or compressed. */
export async function * bytesOf (body: Payload['body']): AsyncGenerator<Buffer, void, void> {
  if (Buffer.isBuffer(body)) yield body
  else if (body !== null) yield * body
}

/** Each piece as bytes; empty ones are left out, for they would end a chunked body. */
async function * buffers (chunks: Chunks): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of chunks) {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      throw new AIO_ERR_ARGUMENT_INVALID('chunk', 'the body of a request', 'a string or bytes', describe(chunk))
    }
    if (chunk.length > 0) yield typeof chunk === 'string' ? Buffer.from(chunk) : asBuffer(chunk)
  }
}

function asBuffer (bytes: ArrayBuffer | ArrayBufferView): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  if (bytes instanceof ArrayBuffer) return Buffer.from(bytes)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

async function nothing (): Promise<void> {}
