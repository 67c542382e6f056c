/**
 * One part of a multipart body (aiohttp: BodyPartReader), read in one piece or chunk by chunk.
 *
 * @module
 */

import { Readable } from 'node:stream'
import { dispositionValue, parseDisposition } from '../../lib/disposition.ts'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import { HTTPBadRequest, HTTPRequestEntityTooLarge } from '../exceptions/index.ts'
import { decodeText } from './charset.ts'
import { parseContentType } from './content-type.ts'
import { DecodedSource, isDecodable } from './decoded-source.ts'
import { parseJSON, type Poisoning } from './json.ts'
import type { MultiDict } from './multi-dict.ts'
import { formPairs } from './quoting.ts'
import { StreamSource } from './source.ts'
import type { StreamReader } from './stream-reader.ts'
import { transferDecoder } from './transfer.ts'

/** How far a multipart body has been read; shared by its readers. */
export interface Progress {
  /** Parts so far. */
  parts: number
  /** Where a line begins whose line break has been read: a boundary may stand there without one. */
  lineStart: number
}

/** What a part has from the reader it belongs to. */
export interface PartOptions {
  /** CR, LF, two dashes and the boundary. */
  readonly delimiter: Buffer
  readonly progress: Progress
  /** RFC 7578, sections 4.7 and 4.8: parts of forms have neither a length nor a coding. */
  readonly isFormData: boolean
  /** Limit of what is read at once, in bytes; 0 for none. */
  readonly maxSize: number
  readonly poisoning: Poisoning
  /** What the form's `_charset_` field says. */
  readonly defaultCharset?: string | undefined
}

const nothing = Buffer.alloc(0)

/** A part that is no multipart itself. Iterated over, it gives its decoded bytes, however many they are. */
export class BodyPartReader implements AsyncIterable<Buffer> {
  /** The part's headers, in any case. */
  readonly headers: MultiDict
  /** The name of the field; `null` when there is none, or the header is malformed. */
  readonly name: string | null
  /** The name of the file as the client says it: no path of yours. */
  readonly filename: string | null
  readonly #content: StreamReader
  readonly #options: PartOptions
  #eof = false
  #received = 0

  constructor (content: StreamReader, headers: MultiDict, options: PartOptions) {
    this.#content = content
    this.#options = options
    this.headers = headers
    const { parameters } = parseDisposition(headers.get('content-disposition'))
    this.name = dispositionValue(parameters, 'name')
    this.filename = dispositionValue(parameters, 'filename')
  }

  /** Whether the part has been read to its end. */
  atEof (): boolean {
    return this.#eof
  }

  /**
   * Up to `size` bytes as they came, not decoded; empty at the end.
   *
   * @throws HTTPBadRequest when the body ends within the part
   */
  async readChunk (size = 8192): Promise<Buffer> {
    if (!Number.isInteger(size) || size < 1) {
      throw new AIO_ERR_ARGUMENT_INVALID('size', 'readChunk()', 'a whole number of at least 1', describe(size))
    }
    if (this.#eof) return nothing
    const { delimiter, progress } = this.#options
    const window = await this.#content.peek(delimiter.length)
    const end = window.subarray(0, size + delimiter.length).indexOf(delimiter)
    if (end === 0 || startsWithBoundary(window, delimiter, this.#content, progress)) {
      this.#finish()
      return nothing
    }
    const safe = end === -1 ? window.length - delimiter.length + 1 : end
    if (safe <= 0) throw new HTTPBadRequest({ text: 'The multipart body ends within a part' })
    const chunk = await this.#content.read(Math.min(size, safe))
    this.#received += chunk.length
    return chunk
  }

  /**
   * The whole part; with `decode` its transfer encoding and, outside of forms, its content encoding are undone.
   *
   * @throws HTTPRequestEntityTooLarge beyond the body limit, HTTPBadRequest
   */
  async read ({ decode = false } = {}): Promise<Buffer> {
    const { maxSize } = this.#options
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of decode ? this : this.#raw()) {
      size += chunk.length
      if (maxSize > 0 && size > maxSize) throw new HTTPRequestEntityTooLarge(maxSize, size)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  /** The part as text, in its own charset, the form's, or UTF-8. @throws HTTPBadRequest */
  async text ({ encoding }: { encoding?: string } = {}): Promise<string> {
    return decodeText(await this.read({ decode: true }), encoding ?? this.getCharset())
  }

  /** The part as JSON; `null` when it is empty. @throws HTTPBadRequest */
  async json<T = unknown> (options?: { encoding?: string }): Promise<T | null> {
    const text = await this.text(options)
    return text === '' ? null : parseJSON<T>(text, this.#options.poisoning)
  }

  /** The part as an urlencoded form. @throws HTTPBadRequest */
  async form ({ encoding = this.getCharset() }: { encoding?: string } = {}): Promise<[name: string, value: string][]> {
    return [...formPairs((await this.text({ encoding })).trimEnd(), encoding)]
  }

  /** The charset of the part's Content-Type, else the form's, else the fallback. */
  getCharset (fallback = 'utf-8'): string {
    const charset = parseContentType(this.headers.get('content-type')).parameters.get('charset')
    return charset ?? this.#options.defaultCharset ?? fallback
  }

  /** Reads the rest and forgets it. */
  async release (): Promise<void> {
    while ((await this.readChunk(64 * 1024)).length > 0);
  }

  /** Ends reading: the reader has gone on to the next part. */
  close (): void {
    this.#eof = true
  }

  /** The decoded bytes. */
  async * [Symbol.asyncIterator] (): AsyncGenerator<Buffer, void, void> {
    const coding = this.headers.get('content-encoding')?.trim().toLowerCase()
    if (this.#options.isFormData || coding === undefined || coding === 'identity') {
      yield * this.#transferred()
      return
    }
    if (!isDecodable(coding)) {
      throw new HTTPBadRequest({ text: `Unknown Content-Encoding of a part: ${describe(coding)}` })
    }
    const encoded = Readable.from(this.#transferred())
    const source = new DecodedSource(new StreamSource(encoded), coding)
    try {
      for (let chunk = await source.next(); chunk !== null; chunk = await source.next()) yield chunk
    } finally {
      source.stop()
      encoded.destroy()
    }
  }

  async * #transferred (): AsyncGenerator<Buffer, void, void> {
    const decoder = transferDecoder(this.headers.get('content-transfer-encoding'))
    for await (const chunk of this.#raw()) {
      const decoded = decoder.write(chunk)
      if (decoded.length > 0) yield decoded
    }
    const rest = decoder.end()
    if (rest.length > 0) yield rest
  }

  async * #raw (): AsyncGenerator<Buffer, void, void> {
    for (let chunk = await this.readChunk(64 * 1024); chunk.length > 0; chunk = await this.readChunk(64 * 1024)) {
      yield chunk
    }
  }

  #finish (): void {
    this.#eof = true
    const length = this.headers.get('content-length')
    // Zero is what aiohttp takes for unknown.
    if (length === undefined || length === '0' || this.#options.isFormData || length === String(this.#received)) return
    throw new HTTPBadRequest({ text: 'The Content-Length of a part is not its length' })
  }
}

/** Whether a boundary comes next whose line break has been read already, with the line before it. */
export function startsWithBoundary (
  window: Buffer, delimiter: Buffer, content: StreamReader, progress: Progress
): boolean {
  return content.position === progress.lineStart &&
    window.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2))
}
