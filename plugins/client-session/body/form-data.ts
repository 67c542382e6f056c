/**
 * aiohttp's FormData: fields that are sent urlencoded, or as multipart/form-data once there is a file among them.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { boolean, checkOptions, describe, nonEmptyString, string } from '../../../lib/options.ts'
import { bytesPayload, octets } from './body-payload.ts'
import { blobPayload, filePayload, isFile, nameOfFile, type FileLike } from './file-payload.ts'
import { dispositionOf, encodeForm, encoderOf } from './form-encoding.ts'
import { multipartPayload, type Part } from './multipart-payload.ts'
import type { Payload } from '../types.ts'

/** The value of a field; `null` and booleans are written as words, `undefined` leaves the field out. */
export type FieldValue = string | number | bigint | boolean | null | undefined | Uint8Array | Blob | FileLike

/** Fields as an object, where a list repeats its name, or as pairs in their order. */
export type FormFields = Readonly<Record<string, FieldValue | readonly FieldValue[]>> |
  Iterable<readonly [name: string, value: FieldValue]>

/** Options of a form. */
export interface FormDataOptions {
  /** The charset of its text: utf-8, latin-1 or ascii. @default 'utf-8' */
  charset?: string | undefined
  /** Sends multipart/form-data even where no field needs it. @default false */
  defaultToMultipart?: boolean | undefined
  /** Percent-encodes file names; names of fields always escape quotes only. @default true */
  quoteFields?: boolean | undefined
}

/** Options of a field; each makes the form multipart. */
export interface FieldOptions {
  /** @default what the value says of itself, text/plain for text */
  contentType?: string | undefined
  /** @default the name of the file, or that of the field for bytes */
  filename?: string | undefined
}

interface Field {
  readonly name: string
  readonly value: string | Uint8Array | Blob | FileLike
  readonly contentType: string | undefined
  readonly filename: string | undefined
}

/** Collects fields; give it to a request as `data`. */
export class FormData {
  readonly #fields: Field[] = []
  readonly #charset: string | undefined
  readonly #quoteFields: boolean
  #isMultipart: boolean

  /** @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (fields: FormFields = [], options: FormDataOptions = {}) {
    checkOptions('FormData', options, { charset: nonEmptyString, defaultToMultipart: boolean, quoteFields: boolean })
    this.#charset = options.charset
    this.#quoteFields = options.quoteFields ?? true
    this.#isMultipart = options.defaultToMultipart ?? false
    encoderOf(this.#charset)
    this.addFields(fields)
  }

  /** The fields of the platform's FormData, which is always multipart. */
  static from (form: globalThis.FormData): FormData {
    return new FormData(form, { defaultToMultipart: true })
  }

  /** Whether it is sent as multipart/form-data. */
  get isMultipart (): boolean {
    return this.#isMultipart
  }

  /** Adds a field; bytes, blobs and files become files. @throws AIO_ERR_ARGUMENT_INVALID */
  addField (name: string, value: FieldValue, options: FieldOptions = {}): void {
    checkOptions('addField()', options, { contentType: string, filename: string })
    checkText('name', name)
    const { contentType } = options
    if (value === undefined) return
    const content = contentOf(name, value)
    const filename = options.filename ?? filenameOf(name, content)
    for (const [what, text] of Object.entries({ contentType, filename })) if (text !== undefined) checkText(what, text)
    this.#isMultipart ||= contentType !== undefined || filename !== undefined
    this.#fields.push({ name, value: content, contentType, filename })
  }

  /** Adds several. @throws AIO_ERR_ARGUMENT_INVALID */
  addFields (fields: FormFields): void {
    if (!isFormFields(fields)) {
      throw new AIO_ERR_ARGUMENT_INVALID('fields', 'FormData', 'an object or [name, value] pairs', describe(fields))
    }
    const pairs = Symbol.iterator in fields ? fields : Object.entries(fields)
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw new AIO_ERR_ARGUMENT_INVALID('field', 'FormData', 'a [name, value] pair', describe(pair))
      }
      const [name, value] = pair as [string, FieldValue | readonly FieldValue[]]
      for (const item of Array.isArray(value) ? value : [value]) this.addField(name, item)
    }
  }

  /** The whole as a body; a promise where a file has to be looked at. */
  toPayload (): Payload | Promise<Payload> {
    return this.#isMultipart ? this.#multipart() : this.#urlencoded()
  }

  #urlencoded (): Payload {
    const pairs = this.#fields.map(({ name, value }): [string, string] => [name, String(value)])
    const charset = this.#charset === undefined || /^utf-?8$/i.test(this.#charset) ? '' : `; charset=${this.#charset}`
    const text = encodeForm(pairs, encoderOf(this.#charset))
    return bytesPayload(Buffer.from(text), `application/x-www-form-urlencoded${charset}`)
  }

  async #multipart (): Promise<Payload> {
    const parts: Part[] = []
    for (const field of this.#fields) {
      const payload = await this.#partOf(field)
      const type = field.contentType ?? payload.headers[0]?.[1] ?? octets
      const disposition = dispositionOf(field.name, field.filename, this.#quoteFields)
      parts.push({ payload, headers: [['Content-Type', type], ['Content-Disposition', disposition]] })
    }
    return multipartPayload('form-data', parts)
  }

  #partOf ({ value }: Field): Payload | Promise<Payload> {
    if (typeof value === 'string') {
      const charset = this.#charset ?? 'utf-8'
      return bytesPayload(encoderOf(charset)(value), `text/plain; charset=${charset}`)
    }
    if (value instanceof Uint8Array) return bytesPayload(value, octets)
    return value instanceof Blob ? blobPayload(value) : filePayload(value)
  }
}

/** Whether a form can be made of it: a plain object, or something that gives pairs. */
export function isFormFields (value: unknown): value is FormFields {
  if (typeof value !== 'object' || value === null) return false
  if (Symbol.iterator in value) return !ArrayBuffer.isView(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function contentOf (name: string, value: Exclude<FieldValue, undefined>): Field['value'] {
  if (value instanceof Uint8Array || value instanceof Blob || isFile(value)) return value
  if (typeof value !== 'object' || value === null) return String(value)
  const expected = 'text, a number, bytes, a Blob or a file'
  throw new AIO_ERR_ARGUMENT_INVALID('value', `the form field ${describe(name)}`, expected, describe(value))
}

function filenameOf (name: string, value: Field['value']): string | undefined {
  if (typeof value === 'string') return undefined
  return value instanceof Uint8Array ? name : nameOfFile(value) ?? name
}

/** Names end up in headers: a line break would begin another one. */
function checkText (what: string, text: unknown): void {
  if (typeof text === 'string' && !/[^\x20-\x7e\x80-\uffff]/.test(text)) return
  throw new AIO_ERR_ARGUMENT_INVALID(what, 'a form field', 'a string without control characters', describe(text))
}
