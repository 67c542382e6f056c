/**
 * Where the body of a response ends (RFC 9112, section 6), and its bytes without the framing.
 *
 * @module
 */

import { InvalidHeader, TransferEncodingError, ContentLengthError } from './errors.ts'
import type { ResponseHead } from './head.ts'

/** Takes the bytes of a body. */
export interface BodySink {
  /** With whether they end an HTTP chunk. */
  push (data: Buffer, chunkEnded: boolean): void
}

/** One way to frame a body. */
export interface BodyDecoder {
  /** The bytes behind the body once it is complete, else `undefined`. @throws TransferEncodingError */
  feed (data: Buffer, sink: BodySink): Buffer | undefined
  /** Whether something was taken that not every program on the way reads alike. */
  readonly dubious: boolean
  /** The connection has ended. @throws ContentLengthError, TransferEncodingError when that is too early */
  end (): void
}

const maxChunkLine = 4096
/** Of all the bytes that are no data. */
const maxExtras = 64 * 1024
const chunkHead = /^([0-9a-f]{1,13})([ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?)$/i
const extensions = /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"[^"\\]*"))?)*$/
const trailer = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/

/** What a head says about the body behind it. */
export interface Framing {
  /** `undefined` when there is none. */
  decoder: BodyDecoder | undefined
  keepAlive: boolean
  /** How many bytes the body has as far as that is known, else 0. */
  length: number
}

/** @throws InvalidHeader when the head contradicts itself */
export function framingOf (head: ResponseHead, method: string, readUntilEof: boolean): Framing {
  let length: string | undefined
  let coding: string | undefined
  let connection = ''
  for (let index = 0; index < head.headers.length; index += 2) {
    const name = head.headers[index] ?? ''
    // Three names have one of these lengths: most headers are passed over at once.
    if (name.length !== 14 && name.length !== 17 && name.length !== 10) continue
    const value = head.headers[index + 1] ?? ''
    switch (name.toLowerCase()) {
      case 'content-length':
        if (length !== undefined || !/^\d+$/.test(value)) throw new InvalidHeader(`Invalid Content-Length: ${value}`)
        length = value
        break
      case 'transfer-encoding': coding = coding === undefined ? value : `${coding}, ${value}`; break
      case 'connection': connection += `${value},`; break
    }
  }
  if (length !== undefined && !Number.isSafeInteger(Number(length))) throw new InvalidHeader('Content-Length too large')
  const { status, version } = head
  const persistent = !head.dubious && !hasToken(connection, 'close') &&
    (version === '1.1' || (hasToken(connection, 'keep-alive') && coding === undefined))
  if (method === 'HEAD' || status === 204 || status === 304 || status < 200 ||
    (method === 'CONNECT' && status < 300)) {
    // Whoever overlooks that there is no body waits for it, or takes the next response for it.
    const plain = coding === undefined
      ? length === undefined || (status !== 204 && status >= 200)
      : length === undefined && status !== 204 && status >= 200 && hasToken(coding, 'chunked')
    return { decoder: undefined, keepAlive: persistent && plain, length: 0 }
  }
  if (coding !== undefined) return chunkedFraming(coding, length, persistent)
  if (length !== undefined) {
    const bytes = Number(length)
    return { decoder: bytes === 0 ? undefined : new LengthDecoder(bytes), keepAlive: persistent, length: bytes }
  }
  return { decoder: readUntilEof ? new EofDecoder() : undefined, keepAlive: false, length: 0 }
}

/** Without a trick of Unicode: there is more than one letter that becomes "k". */
function lowerCase (value: string): string {
  return value.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

function itemsOf (list: string): string[] {
  return lowerCase(list).split(',').map(item => item.replace(/^[ \t]+|[ \t]+$/g, ''))
}

function hasToken (list: string, token: string): boolean {
  return list !== '' && itemsOf(list).includes(token)
}

/** Transfer-Encoding overrules Content-Length, and such a connection is not trusted again (section 6.3). */
function chunkedFraming (coding: string, length: string | undefined, persistent: boolean): Framing {
  const codings = itemsOf(coding)
  if (codings.at(-1) !== 'chunked') return { decoder: new EofDecoder(), keepAlive: false, length: 0 }
  if (length !== undefined) throw new InvalidHeader('Transfer-Encoding can\'t be present with Content-Length')
  if (codings.indexOf('chunked') < codings.length - 1) throw new InvalidHeader(`Invalid Transfer-Encoding: ${coding}`)
  return { decoder: new ChunkedDecoder(), keepAlive: persistent, length: 0 }
}

class LengthDecoder implements BodyDecoder {
  readonly dubious = false
  readonly #length: number
  #missing: number

  constructor (length: number) {
    this.#length = length
    this.#missing = length
  }

  feed (data: Buffer, sink: BodySink): Buffer | undefined {
    const size = Math.min(data.length, this.#missing)
    this.#missing -= size
    if (size > 0) sink.push(size === data.length ? data : data.subarray(0, size), false)
    return this.#missing === 0 ? data.subarray(size) : undefined
  }

  end (): void {
    throw new ContentLengthError('Not enough data to satisfy content length header ' +
      `(received ${this.#length - this.#missing} of ${this.#length} bytes)`)
  }
}

class EofDecoder implements BodyDecoder {
  readonly dubious = false

  feed (data: Buffer, sink: BodySink): undefined {
    if (data.length > 0) sink.push(data, false)
  }

  end (): void {}
}

/** RFC 9112, section 7.1. Chunk extensions and trailers are read and thrown away. */
class ChunkedDecoder implements BodyDecoder {
  dubious = false
  #state: 'size' | 'data' | 'data end' | 'trailer' = 'size'
  #missing = 0
  #line = ''
  #extras = 0

  feed (data: Buffer, sink: BodySink): Buffer | undefined {
    let offset = 0
    while (offset < data.length) {
      if (this.#state === 'data') {
        const end = Math.min(data.length, offset + this.#missing)
        this.#missing -= end - offset
        sink.push(data.subarray(offset, end), this.#missing === 0)
        if (this.#missing === 0) this.#state = 'data end'
        offset = end
        continue
      }
      const feed = data.indexOf(10, offset)
      this.#line += data.toString('latin1', offset, feed === -1 ? data.length : feed)
      if (this.#line.length > maxChunkLine) throw new TransferEncodingError('A line between chunks is too long')
      if (this.#state === 'data end' && this.#line !== '' && this.#line !== '\r') throw badChunk(this.#line)
      if (feed === -1) return undefined
      offset = feed + 1
      // A bare line feed: whoever takes it for a part of an extension sees another body.
      if (!this.#line.endsWith('\r')) throw badChunk(this.#line)
      const line = this.#line.slice(0, -1)
      this.#line = ''
      if (this.#endOfLine(line)) return data.subarray(offset)
    }
    return undefined
  }

  end (): void {
    throw new TransferEncodingError('Not enough data to satisfy transfer length header')
  }

  /** Whether that was the last line of the body. */
  #endOfLine (line: string): boolean {
    if (this.#state === 'data end') {
      this.#state = 'size'
    } else if (this.#state === 'size') {
      this.#missing = this.#chunkSize(line)
      this.#state = this.#missing === 0 ? 'trailer' : 'data'
    } else if (line === '') {
      return true
    } else {
      if (!trailer.test(line)) throw new TransferEncodingError(`Bad trailer: ${JSON.stringify(line.slice(0, 100))}`)
      // They would frame the body when it is over.
      if (/^(content-length|transfer-encoding):/i.test(line)) this.dubious = true
      this.#countExtras(line.length)
    }
    return false
  }

  #chunkSize (line: string): number {
    const [, digits = '', extension = ''] = chunkHead.exec(line) ?? []
    if (digits === '') throw badChunk(line)
    if (!extensions.test(extension)) this.dubious = true
    this.#countExtras(extension.length)
    return Number.parseInt(digits, 16)
  }

  #countExtras (length: number): void {
    this.#extras += length
    if (this.#extras > maxExtras) throw new TransferEncodingError('Chunk extensions and trailers are too long')
  }
}

function badChunk (line: string): TransferEncodingError {
  return new TransferEncodingError(`Bad chunk: ${JSON.stringify(line.slice(0, 100))}`)
}
