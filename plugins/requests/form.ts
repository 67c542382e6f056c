/**
 * `request.post()`: forms, urlencoded or multipart, with their files (aiohttp's rules).
 *
 * @module
 */

import { Readable } from 'node:stream'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { HTTPBadRequest, HTTPRequestEntityTooLarge } from '../exceptions/index.ts'
import { BodyPartReader } from './body-part.ts'
import { decodeText } from './charset.ts'
import { AIO_ERR_FILE_CLOSED } from './errors.ts'
import { MultiDict } from './multi-dict.ts'
import type { MultipartReader } from './multipart.ts'
import { formPairs } from './quoting.ts'
import type { Spool, Stored } from './spool.ts'

/** The fields of a form in order: text, bytes (of a part with a type that is no text), or a file. */
export type Form = MultiDict<string | Buffer | FileField>

/** Limits of a form. */
export interface FormLimits {
  /** Bytes of all fields and files together, decoded; 0 for none. */
  readonly maxSize: number
  /** Bytes of all fields that are no files, which are kept in memory. */
  readonly maxFieldsSize: number
  /** Fields of an urlencoded form. */
  readonly maxParts: number
}

/** An uploaded file. It lives as long as the request: `saveAs()` keeps it. */
export class FileField {
  /** The name of the form's field. */
  readonly name: string
  /** What the client calls the file; no path of yours. */
  readonly filename: string
  /** @default 'application/octet-stream' */
  readonly contentType: string
  /** The part's headers, in any case. */
  readonly headers: MultiDict
  readonly #stored: Stored
  readonly #spool: Spool

  constructor (part: BodyPartReader, filename: string, stored: Stored, spool: Spool) {
    this.name = part.name ?? ''
    this.filename = filename
    this.contentType = part.headers.get('content-type') ?? 'application/octet-stream'
    this.headers = part.headers
    this.#stored = stored
    this.#spool = spool
  }

  /** In bytes. */
  get size (): number {
    return this.#stored.size
  }

  /** Whether it did not fit into memory. */
  get onDisk (): boolean {
    return this.#stored.onDisk
  }

  /** All of it. @throws AIO_ERR_FILE_CLOSED */
  async read (): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of this.#open()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** All of it as text. @throws AIO_ERR_FILE_CLOSED, HTTPBadRequest */
  async text (charset = 'utf-8'): Promise<string> {
    return decodeText(await this.read(), charset)
  }

  /** Its bytes from `start` to `end` (excluded), as a stream. @throws AIO_ERR_FILE_CLOSED */
  stream (options: { start?: number, end?: number } = {}): Readable {
    return Readable.from(this.#open(options.start, options.end), { objectMode: false })
  }

  /** Copies it to a path of yours, which must not exist. @throws AIO_ERR_FILE_CLOSED, and what Node throws */
  async saveAs (path: string): Promise<void> {
    await pipeline(this.#open(), createWriteStream(path, { flags: 'wx' }))
  }

  #open (start?: number, end?: number): AsyncGenerator<Buffer, void, void> {
    if (this.#spool.closed) throw new AIO_ERR_FILE_CLOSED(this.filename)
    return this.#stored.read(start, end)
  }
}

/** An urlencoded form. @throws HTTPRequestEntityTooLarge, HTTPBadRequest */
export function urlencodedForm (body: Buffer, charset: string, { maxParts }: FormLimits): Form {
  const pairs: [name: string, value: string][] = []
  for (const pair of formPairs(decodeText(body, charset).trimEnd(), charset)) {
    if (pairs.length === maxParts) throw tooMany(maxParts)
    pairs.push(pair)
  }
  return new MultiDict(pairs)
}

/** Reads every part of a multipart/form-data body. @throws HTTPBadRequest, HTTPRequestEntityTooLarge */
export async function multipartForm (reader: MultipartReader, spool: Spool, limits: FormLimits): Promise<Form> {
  const fields: [name: string, value: string | Buffer | FileField][] = []
  const counter = new SizeCounter(limits)
  for await (const part of reader) {
    if (!(part instanceof BodyPartReader)) {
      throw new HTTPBadRequest({ text: 'A form has a multipart in it: read it with request.multipart()' })
    }
    if (part.name === null) throw new HTTPBadRequest({ text: 'A field of the form has no name' })
    for (const [name, value] of part.headers) counter.addHeader(name.length + value.length)
    fields.push([part.name, await readField(part, spool, counter)])
  }
  return new MultiDict(fields)
}

async function readField (
  part: BodyPartReader, spool: Spool, counter: SizeCounter
): Promise<string | Buffer | FileField> {
  // A file that was not chosen comes with an empty name.
  if (part.filename !== null && part.filename !== '') {
    return new FileField(part, part.filename, await spool.store(counter.count(part)), spool)
  }
  const chunks: Buffer[] = []
  for await (const chunk of counter.count(part)) {
    counter.addField(chunk.length)
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  const type = part.headers.get('content-type')
  return type === undefined || /^text\//i.test(type) ? decodeText(bytes, part.getCharset()) : bytes
}

/** What a form takes, as it comes. */
class SizeCounter {
  readonly #limits: FormLimits
  #total = 0
  #fields = 0
  #headers = 0

  constructor (limits: FormLimits) {
    this.#limits = limits
  }

  async * count (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    const { maxSize } = this.#limits
    for await (const chunk of chunks) {
      this.#total += chunk.length
      if (maxSize > 0 && this.#total > maxSize) throw new HTTPRequestEntityTooLarge(maxSize, this.#total)
      yield chunk
    }
  }

  addField (bytes: number): void {
    this.#fields += bytes
    this.#check(this.#fields)
  }

  addHeader (bytes: number): void {
    this.#headers += bytes
    this.#check(this.#headers)
  }

  #check (bytes: number): void {
    const { maxFieldsSize } = this.#limits
    if (bytes > maxFieldsSize) {
      throw new HTTPRequestEntityTooLarge(maxFieldsSize, bytes, {
        text: `Maximum size of form fields ${maxFieldsSize} exceeded.`
      })
    }
  }
}

function tooMany (maxParts: number): HTTPRequestEntityTooLarge {
  return new HTTPRequestEntityTooLarge(maxParts, maxParts + 1, {
    text: `Maximum number of form fields ${maxParts} exceeded.`
  })
}
