/**
 * 3 request: /req/...
 *
 * @module
 */

import { crc32 } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { FileField, jsonResponse, MultipartReader, RequestKey } from '../../../app.ts'
import { headersFromQuery, pick } from './helpers.ts'

/** Everything about a request but its body. */
async function reqEcho (request: FastifyRequest) {
  return jsonResponse({
    method: request.method,
    path: request.path,
    path_qs: request.pathQs,
    raw_path: request.rawPath,
    query: [...request.queryMulti],
    query_string: request.queryString,
    match_info: request.matchInfo,
    version: request.version,
    scheme: request.scheme,
    secure: request.secure,
    host: request.authority,
    url: request.absoluteUrl,
    remote: request.remote,
    keep_alive: request.keepAlive,
    content_type: request.contentType,
    charset: request.charset,
    content_length: request.contentLength,
    can_read_body: request.canReadBody,
    body_exists: request.bodyExists
  })
}

/** Multi-valued access: first value, all values, the order of all. */
async function reqQuery (request: FastifyRequest) {
  const key = 'a'
  return jsonResponse({
    first: request.queryMulti.get(key) ?? null,
    all: request.queryMulti.getAll(key),
    pairs: [...request.queryMulti],
    string: request.queryString
  })
}

/** `name` (repeatable): case-insensitive look-up, first and all values. */
async function reqHeaders (request: FastifyRequest) {
  const entries = request.queryMulti.getAll('name').map(name => {
    const { headersMulti } = request
    return [name, { first: headersMulti.get(name) ?? null, all: headersMulti.getAll(name) }]
  })
  return jsonResponse(Object.fromEntries(entries))
}

async function reqCookies (request: FastifyRequest) {
  return jsonResponse(request.cookies)
}

/** What the Content-Type header is understood as. */
async function reqType (request: FastifyRequest) {
  return jsonResponse({
    content_type: request.contentType,
    charset: request.charset,
    content_length: request.contentLength
  })
}

async function reqText (request: FastifyRequest) {
  return jsonResponse({ text: await request.text() })
}

async function reqJson (request: FastifyRequest) {
  return jsonResponse({ json: await request.json() })
}

async function reqRead (request: FastifyRequest) {
  const data = await request.read()
  return jsonResponse({ length: data.length, crc32: crc32(data), can_read_body: request.canReadBody })
}

/** The body can be asked for again, in another form, after it was read. */
async function reqTwice (request: FastifyRequest) {
  const text = await request.text()
  const again = await request.read()
  return jsonResponse({ text, length: again.length, json: await request.json() })
}

/** Form fields, in order: [name, text] or [name, {file description}]. */
async function reqPost (request: FastifyRequest) {
  const form: unknown[] = []
  for (const [name, value] of await request.post()) {
    if (value instanceof FileField) {
      const data = await value.read()
      form.push([name, {
        name: value.name,
        filename: value.filename,
        content_type: value.contentType,
        size: data.length,
        crc32: crc32(data)
      }])
    } else if (Buffer.isBuffer(value)) form.push([name, { bytes: value.length, crc32: crc32(value) }])
    else form.push([name, value])
  }
  return jsonResponse({ form })
}

/** The same body part by part; nested multiparts become nested lists. */
async function reqMultipart (request: FastifyRequest) {
  async function read (reader: MultipartReader) {
    const parts: unknown[] = []
    for await (const part of reader) {
      // a multipart in the multipart
      if (part instanceof MultipartReader) parts.push({ parts: await read(part) })
      else {
        const data = await part.read({ decode: true })
        parts.push({
          name: part.name,
          filename: part.filename,
          content_type: part.headers.get('Content-Type') ?? null,
          text: new TextDecoder(part.getCharset('utf-8'), { fatal: true }).decode(data)
        })
      }
    }
    return parts
  }

  return jsonResponse({ parts: await read(await request.multipart()) })
}

/** Reads the body as a stream: not subject to the body limit. */
async function reqStream (request: FastifyRequest) {
  let length = 0
  let crc = 0
  for await (const chunk of request.content.iterChunked(1000)) {
    length += chunk.length
    crc = crc32(chunk, crc)
  }
  return jsonResponse({ length, crc32: crc })
}

/** Reads the body line by line; a line keeps its line feed. */
async function reqLines (request: FastifyRequest) {
  const lines: string[] = []
  for await (const line of request.content) lines.push(line.toString())
  return jsonResponse({ lines })
}

/** Does not touch the body at all. */
async function reqUnread (request: FastifyRequest) {
  return jsonResponse({ unread: true, body_exists: request.bodyExists })
}

/** The Range header as a slice; null start and stop when there is none. */
async function reqRange (request: FastifyRequest) {
  try {
    const { start, stop, step } = request.httpRange
    return jsonResponse({ start, stop, step })
  } catch {
    return jsonResponse({ error: 'bad range' }, { status: 416 })
  }
}

async function reqConditional (request: FastifyRequest) {
  // as Python writes a date that has a zone
  const iso = (value: Date | null) => value === null ? null : value.toISOString().replace('.000Z', '+00:00')
  const tags = (value: FastifyRequest['ifMatch']) => value === null
    ? null
    : value.map(tag => [tag.value, tag.isWeak])

  return jsonResponse({
    if_modified_since: iso(request.ifModifiedSince),
    if_unmodified_since: iso(request.ifUnmodifiedSince),
    if_range: iso(request.ifRange),
    if_match: tags(request.ifMatch),
    if_none_match: tags(request.ifNoneMatch)
  })
}

async function reqForwarded (request: FastifyRequest) {
  return jsonResponse(request.forwarded)
}

/** A copy of the request with some parts replaced (query: the parts). */
async function reqClone (request: FastifyRequest) {
  const q = request.queryMulti
  const { rel_url: relUrl, ...parts } = pick(q, 'method', 'scheme', 'host', 'remote', 'rel_url')
  const copy = request.clone({
    ...parts,
    ...relUrl !== undefined && { relUrl },
    ...q.has('header') && { headers: headersFromQuery(q) }
  })
  return jsonResponse({
    method: copy.method,
    scheme: copy.scheme,
    secure: copy.secure,
    host: copy.authority,
    remote: copy.remote,
    path_qs: copy.pathQs,
    url: copy.absoluteUrl,
    content_type: copy.contentType
  })
}

/** A request is also a bag for values of the application's own. */
async function reqBag ({ state }: FastifyRequest) {
  const key = new RequestKey<number>('answer')
  const before = state.has(key)
  state.set(key, 42)
  return jsonResponse({ before, after: state.get(key) })
}

export function addRequests (app: FastifyInstance): void {
  app.addRoute('*', '/req/echo', reqEcho)
  app.addRoute('*', '/req/echo/{tail:.*}', reqEcho)
  app.addGet('/req/query', reqQuery)
  app.addGet('/req/headers', reqHeaders)
  app.addGet('/req/cookies', reqCookies)
  app.addRoute('*', '/req/type', reqType)
  app.addRoute('*', '/req/text', reqText)
  app.addRoute('*', '/req/json', reqJson)
  app.addRoute('*', '/req/read', reqRead)
  app.addPost('/req/twice', reqTwice)
  app.addRoute('*', '/req/post', reqPost)
  app.addPost('/req/multipart', reqMultipart)
  app.addPost('/req/stream', reqStream)
  app.addPost('/req/lines', reqLines)
  app.addRoute('*', '/req/unread', reqUnread)
  app.addGet('/req/range', reqRange)
  app.addGet('/req/conditional', reqConditional)
  app.addGet('/req/forwarded', reqForwarded)
  app.addGet('/req/clone', reqClone)
  app.addGet('/req/bag', reqBag)
}
