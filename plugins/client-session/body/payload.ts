/**
 * From whatever a user hands over as `data` or `json` to a body that can be sent: its bytes, length and type.
 *
 * aiohttp's rules: text is `text/plain`, bytes are `application/octet-stream`, an object or pairs are a form, a file
 * has the type of its name.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_CONFLICT } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'
import { MultipartWriter } from '../../responses/index.ts'
import { bytesPayload, octets, streamPayload } from './body-payload.ts'
import { compressed, type BodyCoding } from './compress.ts'
import { blobPayload, filePayload, isFile, type FileLike } from './file-payload.ts'
import { FormData, isFormFields, type FormFields } from './form-data.ts'
import type { Payload } from '../types.ts'

/** What can be sent as a request's body. */
export type RequestData = string | ArrayBuffer | ArrayBufferView | Blob | FileLike | FormData |
  AsyncIterable<string | Uint8Array> | globalThis.FormData | MultipartWriter | FormFields

/** The parts of a request that decide about its body. */
export interface PayloadOptions {
  /** Anything but JSON. */
  data?: RequestData | null | undefined
  /** A value to be sent as JSON; `null` is no body, as in aiohttp. */
  json?: unknown
  /** How JSON is written. @default JSON.stringify */
  jsonSerialize?: ((value: unknown) => string | Uint8Array) | undefined
  /** How the body is compressed; `true` means deflate. @default false */
  compress?: boolean | BodyCoding | undefined
}

/**
 * The body of a request; `null` when it has none. A promise where a file has to be looked at.
 *
 * @throws AIO_ERR_OPTION_CONFLICT for data and json at once, AIO_ERR_ARGUMENT_INVALID for what cannot be sent
 */
export function payloadOf (options: PayloadOptions): Payload | null | Promise<Payload | null> {
  const { data, json, compress = false } = options
  const payload = json === undefined || json === null ? dataPayload(data) : jsonPayload(options)
  if (compress === false || payload === null) return payload
  const coding = compress === true ? 'deflate' : compress
  return payload instanceof Promise ? payload.then(found => compressed(found, coding)) : compressed(payload, coding)
}

function jsonPayload ({ data, json, jsonSerialize = JSON.stringify }: PayloadOptions): Payload {
  if (data !== undefined && data !== null) throw new AIO_ERR_OPTION_CONFLICT('data', 'json', 'the request')
  const text: unknown = jsonSerialize(json)
  if (typeof text !== 'string' && !(text instanceof Uint8Array)) {
    throw new AIO_ERR_ARGUMENT_INVALID('json', 'the request', 'a value that can be written as JSON', describe(json))
  }
  return bytesPayload(typeof text === 'string' ? Buffer.from(text) : text, 'application/json')
}

function dataPayload (data: RequestData | null | undefined): Payload | null | Promise<Payload> {
  if (data === undefined || data === null) return null
  if (typeof data === 'string') return bytesPayload(Buffer.from(data), 'text/plain; charset=utf-8')
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return bytesPayload(data, octets)
  if (data instanceof FormData) return data.toPayload()
  if (data instanceof globalThis.FormData) return FormData.from(data).toPayload()
  if (data instanceof MultipartWriter) return bytesPayload(data.toBuffer(), data.contentType)
  if (data instanceof Blob) return blobPayload(data)
  if (isFile(data)) return filePayload(data)
  if (isAsyncIterable(data)) return streamPayload({ open: () => data, length: null, type: octets, replayable: false })
  if (isFormFields(data)) return new FormData(data).toPayload()
  throw new AIO_ERR_ARGUMENT_INVALID('data', 'the request',
    'a string, bytes, a form, an object, pairs, a Blob, a file, a stream or an async iterable', describe(data))
}

function isAsyncIterable (value: unknown): value is AsyncIterable<string | Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
