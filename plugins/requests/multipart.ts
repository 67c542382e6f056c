/**
 * Multipart bodies (RFC 2046, section 5.1), part by part (aiohttp: MultipartReader).
 *
 * Pulls: a part that is not read is skipped when the next one is asked for, nothing is kept. Every byte is looked
 * at a bounded number of times, parts, header lines and depth are limited, and whatever is malformed is a 400.
 *
 * @module
 */

import { describe } from '../../lib/options.ts'
import { HTTPBadRequest, HTTPRequestEntityTooLarge } from '../exceptions/index.ts'
import { BodyPartReader, startsWithBoundary, type Progress } from './body-part.ts'
import { parseContentType } from './content-type.ts'
import type { Poisoning } from './json.ts'
import type { MultiDict } from './multi-dict.ts'
import { readPartHeaders, type HeaderLimits } from './part-headers.ts'
import type { StreamReader } from './stream-reader.ts'

/** Limits of a multipart body. */
export interface MultipartOptions extends HeaderLimits {
  /** Limit of a part that is read at once, in bytes; 0 for none. */
  readonly maxSize: number
  /** Parts, nested ones included. */
  readonly maxParts: number
  readonly poisoning: Poisoning
}

/** How deep multiparts may be nested. */
const maxDepth = 16

/** A multipart body, or a part that is one. Iterated over, it gives its parts. */
export class MultipartReader implements AsyncIterable<BodyPartReader | MultipartReader> {
  /** The headers of the part; of the outermost reader, Content-Type alone. */
  readonly headers: MultiDict
  readonly #content: StreamReader
  readonly #options: MultipartOptions
  readonly #delimiter: Buffer
  readonly #isFormData: boolean
  readonly #depth: number
  readonly #progress: Progress
  #last: BodyPartReader | MultipartReader | undefined
  #defaultCharset: string | undefined
  #begun = false
  #eof = false

  /** @throws HTTPBadRequest when the Content-Type is no multipart, or has no usable boundary */
  constructor (
    content: StreamReader, headers: MultiDict, options: MultipartOptions,
    progress: Progress = { parts: 0, lineStart: content.position }, depth = 1
  ) {
    const { type, parameters } = parseContentType(headers.get('content-type'))
    if (!type.startsWith('multipart/')) {
      throw new HTTPBadRequest({ text: `Cannot read ${describe(type)} as multipart` })
    }
    const boundary = parameters.get('boundary') ?? ''
    // RFC 2046, section 5.1.1
    if (boundary === '' || boundary.length > 70) {
      throw new HTTPBadRequest({ text: 'The boundary of the multipart body is missing or too long' })
    }
    if (depth > maxDepth) throw new HTTPBadRequest({ text: `Multiparts are nested deeper than ${maxDepth}` })
    this.headers = headers
    this.#content = content
    this.#options = options
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
    this.#isFormData = type === 'multipart/form-data'
    this.#progress = progress
    this.#depth = depth
  }

  /** Whether the last boundary has been read. */
  atEof (): boolean {
    return this.#eof
  }

  /** The next part, `null` after the last. What is left of the part before is skipped. @throws HTTPBadRequest */
  async next (): Promise<BodyPartReader | MultipartReader | null> {
    if (this.#eof) return null
    this.#last?.close()
    await this.#nextBoundary()
    if (this.#eof) return null
    const part = await this.#readPart()
    if (part instanceof BodyPartReader && this.#isFormData && part.name === '_charset_') {
      // RFC 7578, section 4.6. The longest name of a charset has 19 characters.
      const charset = await part.readChunk(32)
      if (charset.length > 31) throw new HTTPBadRequest({ text: 'Invalid _charset_ field' })
      this.#defaultCharset = charset.toString('latin1').trim()
      return await this.next()
    }
    return part
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<BodyPartReader | MultipartReader, void, void> {
    for (let part = await this.next(); part !== null; part = await this.next()) yield part
  }

  /** Reads up to the last boundary and forgets it. */
  async release (): Promise<void> {
    while (await this.next() !== null);
  }

  /** Ends reading: the reader around it has gone on to the next part. */
  close (): void {
    this.#eof = true
    this.#last?.close()
  }

  /** Goes behind the next boundary of this reader, over whatever is before it. */
  async #nextBoundary (): Promise<void> {
    for (;;) {
      await this.#skipDelimiter()
      const line = await this.#content.readline({ maxSize: this.#options.maxFieldSize })
      this.#progress.lineStart = this.#content.position
      const rest = line.toString('latin1').trimEnd()
      if (rest === '--') {
        this.#eof = true
        return
      }
      if (rest === '' && line.length > 0) {
        this.#begun = true
        return
      }
      if (this.#begun || line.length === 0) throw new HTTPBadRequest({ text: 'Invalid boundary in the multipart body' })
    }
  }

  async #skipDelimiter (): Promise<void> {
    const delimiter = this.#delimiter
    for (;;) {
      const window = await this.#content.peek(delimiter.length)
      if (startsWithBoundary(window, delimiter, this.#content, this.#progress)) {
        return this.#content.skip(delimiter.length - 2)
      }
      const found = window.indexOf(delimiter)
      if (found !== -1) return this.#content.skip(found + delimiter.length)
      if (window.length < delimiter.length) {
        throw new HTTPBadRequest({
          text: `The multipart body has no ${this.#begun ? 'last' : 'first'} boundary`
        })
      }
      this.#content.skip(window.length - delimiter.length + 1)
    }
  }

  async #readPart (): Promise<BodyPartReader | MultipartReader> {
    const { maxParts, maxSize, poisoning } = this.#options
    if (++this.#progress.parts > maxParts) {
      throw new HTTPRequestEntityTooLarge(maxParts, this.#progress.parts, {
        text: `Maximum number of parts ${maxParts} exceeded.`
      })
    }
    const headers = await readPartHeaders(this.#content, this.#options)
    this.#progress.lineStart = this.#content.position
    if (parseContentType(headers.get('content-type')).type.startsWith('multipart/')) {
      this.#last = new MultipartReader(this.#content, headers, this.#options, this.#progress, this.#depth + 1)
    } else {
      this.#last = new BodyPartReader(this.#content, headers, {
        delimiter: this.#delimiter,
        progress: this.#progress,
        isFormData: this.#isFormData,
        maxSize,
        poisoning,
        defaultCharset: this.#defaultCharset
      })
    }
    return this.#last
  }
}
