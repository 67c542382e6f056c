/**
 * The body of a request, read by its media type.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { HTTPBadRequest, HTTPUnsupportedMediaType } from '../exceptions/index.ts'
import type { Form } from '../requests/index.ts'
import type { Body, Media } from './description.ts'
import type { Json } from './source.ts'
import { propertiesOf, valueOf, wants } from './texts.ts'

/** Makes a value of a body of a media type of one's own. */
export type MediaTypeReader = (body: Buffer, request: FastifyRequest) => unknown

/** What has to be known to read a body. */
export interface BodyReaders {
  readonly document: Json
  readonly mediaTypes: Readonly<Record<string, MediaTypeReader>>
}

/** A body that was read: with what it is checked, or what is wrong with it. */
export type ReadBody =
  | { readonly value: unknown, readonly media: Media | undefined, readonly problem?: undefined }
  | { readonly problem: string }

/** @throws HTTPUnsupportedMediaType, HTTPRequestEntityTooLarge */
export async function readBody (request: FastifyRequest, body: Body, readers: BodyReaders): Promise<ReadBody> {
  const parsed = request.body !== undefined && request.body !== null
  if (!parsed && !request.bodyExists) {
    return body.required ? { problem: 'required' } : { value: undefined, media: undefined }
  }
  const type = request.contentType.toLowerCase()
  const media = mediaOf(type, body)
  if (media === undefined) {
    const expected = body.media.map(({ type }) => type).join(', ')
    throw new HTTPUnsupportedMediaType({ text: `415: the body may be ${expected}, not ${type}` })
  }
  if (parsed) return { value: request.body, media }
  try {
    return { value: await readAs(type, request, media, readers), media }
  } catch (error) {
    // What else is wrong with the request is to be told as well.
    if (error instanceof HTTPBadRequest) return { problem: `not ${type}` }
    throw error
  }
}

async function readAs (
  type: string, request: FastifyRequest, media: Media, { document, mediaTypes }: BodyReaders
): Promise<unknown> {
  const own = mediaTypes[type]
  if (own !== undefined) return own(await request.read(), request)
  if (type === 'application/json' || type.endsWith('+json')) return request.json()
  if (type === 'application/x-www-form-urlencoded' || type === 'multipart/form-data') {
    return valueOf(fieldsOf(await request.post(), media.raw, document), media.raw, document)
  }
  return type.startsWith('text/') ? request.text() : request.read()
}

/** The exact type before a range of types. */
function mediaOf (type: string, { media }: Body): Media | undefined {
  const range = `${type.replace(/\/.*/, '')}/*`
  return [type, range, '*/*'].map(wanted => media.find(({ type }) => type.split(';')[0]?.trim() === wanted))
    .find(found => found !== undefined)
}

/** A field that may come more than once is a list, also when it came once. */
function fieldsOf (form: Form, schema: unknown, document: Json): Json {
  const properties = propertiesOf(schema, document)
  return Object.fromEntries([...new Set(form.keys())].map(name => {
    const all = form.getAll(name)
    const isList = all.length > 1 || (Object.hasOwn(properties, name) && wants('array', properties[name], document))
    return [name, isList ? all : all[0]]
  }))
}
