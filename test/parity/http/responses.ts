/**
 * 4 responses: /resp/...
 *
 * @module
 */

import { createReadStream } from 'node:fs'
import path from 'node:path'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HTTPNotFound, jsonResponse, MultipartWriter, Response, StreamResponse } from '../../../app.ts'
import { flag, headersFromQuery, int, need, partition, pick, ROOT_DIR, setCookiesFromQuery, type Query } from './helpers.ts'

/**
 * A Response from constructor arguments, then changed by setters.
 *
 * Constructor: status, reason, text, body (UTF-8 bytes), content_type, charset, header (repeatable).
 * Setters, applied in this order: set_content_type, set_charset (empty: none), set_text, set_body, set_status with
 * set_reason, set_header, add_header, del_header (each repeatable), last_modified, etag, weak_etag, chunked=1, cookie,
 * del_cookie. A combination the constructor refuses is an ordinary error (500).
 */
async function respBuild (request: FastifyRequest) {
  const q = request.queryMulti
  const { content_type: contentType, status, body, ...options } =
    pick(q, 'status', 'reason', 'text', 'body', 'content_type', 'charset')
  const response = new Response({
    ...options,
    contentType,
    status: status === undefined ? undefined : int(status),
    body: body === undefined ? undefined : Buffer.from(body),
    headers: q.has('header') ? headersFromQuery(q) : undefined
  })
  applySetters(response, q)
  setValidators(response, q)
  if (flag(q, 'chunked')) response.enableChunkedEncoding()
  setCookiesFromQuery(response, q)
  return response
}

function applySetters (response: Response, q: Query): void {
  const given = pick(q, 'set_content_type', 'set_charset', 'set_text', 'set_body', 'set_status', 'set_reason')
  if (given.set_content_type !== undefined) response.contentType = given.set_content_type
  if (given.set_charset !== undefined) response.charset = given.set_charset || null
  if (given.set_text !== undefined) response.text = given.set_text
  if (given.set_body !== undefined) response.body = Buffer.from(given.set_body)
  if (given.set_status !== undefined) response.setStatus(int(given.set_status), given.set_reason)
  for (const [name, value] of headersFromQuery(q, 'set_header').entries()) response.headers.set(name, value)
  for (const [name, value] of headersFromQuery(q, 'add_header').entries()) response.headers.append(name, value)
  for (const name of q.getAll('del_header')) response.headers.delete(name)
}

/** last_modified: a number is seconds since 1970, anything else is text. */
function setValidators (response: StreamResponse, q: Query): void {
  const { last_modified: lastModified, etag, weak_etag: weakEtag } = pick(q, 'last_modified', 'etag', 'weak_etag')
  if (lastModified !== undefined) {
    const seconds = Number(lastModified)
    response.lastModified = Number.isNaN(seconds) ? lastModified : new Date(seconds * 1000)
  }
  if (etag !== undefined) response.etag = etag
  if (weakEtag !== undefined) response.etag = { value: weakEtag, isWeak: true }
}

/** jsonResponse: data is the request's JSON body; or text= from the query. */
async function respJson (request: FastifyRequest) {
  const q = request.queryMulti
  const { content_type: contentType, status, text, reason } = pick(q, 'text', 'reason', 'content_type', 'status')
  const options = {
    reason,
    contentType,
    status: status === undefined ? undefined : int(status),
    headers: q.has('header') ? headersFromQuery(q) : undefined
  }
  const data = request.canReadBody ? await request.json() : undefined
  if (data !== undefined && text !== undefined) throw new TypeError('Either data or text, not both')
  if (data === undefined && text === undefined) {
    return new Response({ ...options, contentType: contentType ?? 'application/json' })
  }
  return jsonResponse(data, text === undefined ? options : { ...options, dumps: () => text })
}

/**
 * setCookie with all its attributes, delCookie, and both.
 *
 * name, value, path, domain, max_age, expires, secure, httponly, samesite, version, partitioned; then=delete deletes it
 * again in the same response, then=reset sets it once more (value "again") after that; only=delete deletes without
 * setting.
 */
async function respCookie (request: FastifyRequest) {
  const q = request.queryMulti
  const name = q.get('name') ?? 'sid'
  const response = new Response({ text: 'cookie' })
  const { path, domain, samesite, max_age: maxAge, expires } =
    pick(q, 'path', 'domain', 'samesite', 'max_age', 'expires')
  const attrs = { path, domain }
  const shared = {
    ...attrs,
    secure: flag(q, 'secure'),
    httpOnly: flag(q, 'httponly'),
    sameSite: samesite as 'Lax' | undefined
  }
  const full = {
    ...shared,
    // milliseconds here, seconds there
    maxAge: maxAge === undefined ? undefined : int(maxAge) * 1000,
    expires,
    partitioned: flag(q, 'partitioned')
  }
  const only = q.get('only')
  const then = q.get('then')
  if (only !== 'delete') response.setCookie(name, q.get('value') ?? 'v', full)
  if (only === 'delete' || then === 'delete' || then === 'reset') response.delCookie(name, shared)
  if (then === 'reset') response.setCookie(name, 'again', attrs)
  return response
}

/**
 * A StreamResponse: chunk (repeatable) is written piece by piece.
 *
 * status, reason, header, content_type, charset, length (a fixed Content-Length), chunked=1, compress (auto | gzip |
 * deflate | identity), eof (a last piece, given when the stream is closed), cookie, and the validators of respBuild.
 */
async function respStream (request: FastifyRequest) {
  const q = request.queryMulti
  const given = pick(q, 'status', 'reason', 'content_type', 'charset', 'length', 'compress')
  const response = new StreamResponse({
    status: int(given.status ?? '200'),
    reason: given.reason,
    headers: headersFromQuery(q)
  })
  if (given.content_type !== undefined) response.contentType = given.content_type
  if (given.charset !== undefined) response.charset = given.charset
  if (given.length !== undefined) response.contentLength = int(given.length)
  if (flag(q, 'chunked')) response.enableChunkedEncoding()
  if (given.compress !== undefined) enableCompression(response, given.compress)
  setValidators(response, q)
  setCookiesFromQuery(response, q)
  await response.prepare(request)
  for (const chunk of q.getAll('chunk')) await response.write(chunk)
  await response.writeEof(q.get('eof') ?? '')
  return response
}

export function enableCompression (response: StreamResponse, mode: string): void {
  // negotiated by Accept-Encoding
  if (mode === 'auto') response.enableCompression()
  // forced, whatever the client says
  else response.enableCompression(mode as 'gzip')
}

/** A compressed Response. mode as in respStream, text, repeat (of text), content_type, chunked=1. */
async function respCompress (request: FastifyRequest) {
  const q = request.queryMulti
  const { content_type: contentType } = pick(q, 'content_type')
  const text = (q.get('text') ?? 'compress me ').repeat(int(q.get('repeat') ?? '1'))
  const response = new Response({ text, headers: headersFromQuery(q), contentType })
  if (flag(q, 'chunked')) response.enableChunkedEncoding()
  enableCompression(response, q.get('mode') ?? 'auto')
  return response
}

/** Bodies that are not bytes: text, a stream, an asynchronous iterator, a file. */
async function respPayload (request: FastifyRequest) {
  const q = request.queryMulti
  const text = q.get('text') ?? 'payload'
  const { content_type: contentType, compress } = pick(q, 'content_type', 'compress')

  async function * pieces () {
    for (const piece of text.split(',')) yield Buffer.from(piece)
  }

  const bodies = new Map<string | undefined, string | Blob | AsyncGenerator<Buffer>>([
    ['string', text],
    ['bytes-stream', new Blob([text])],
    ['text-stream', new Blob([text], { type: 'text/plain; charset=utf-8' })],
    ['iterator', pieces()]
  ])
  const body = bodies.get(request.matchInfo.kind)
  if (body === undefined) throw new HTTPNotFound()
  const response = new Response({ body, contentType })
  if (compress !== undefined) enableCompression(response, compress)
  return response
}

/** An open file as body: type, length and disposition come from the file. */
async function respFileObject ({ queryMulti, server }: FastifyRequest) {
  const file = path.join(server.state.get(ROOT_DIR), 'static', need(queryMulti, 'path'))
  return new Response({ body: createReadStream(file), headers: headersFromQuery(queryMulti) })
}

/** A multipart body: `part` (repeatable) "text/plain:hello", boundary fixed. */
async function respMultipart (request: FastifyRequest) {
  const q = request.queryMulti
  const writer = new MultipartWriter(q.get('subtype') ?? 'mixed', { boundary: q.get('boundary') ?? 'oracle' })
  for (const part of q.getAll('part')) {
    const [type, text] = partition(part, ':')
    writer.append(text, { 'Content-Type': type })
  }
  return new Response({ body: writer })
}

export function addResponses (app: FastifyInstance): void {
  app.addRoute('*', '/resp/build', respBuild)
  app.addRoute('*', '/resp/json', respJson)
  app.addGet('/resp/cookie', respCookie)
  app.addRoute('*', '/resp/stream', respStream)
  app.addGet('/resp/compress', respCompress)
  app.addGet('/resp/payload/{kind}', respPayload)
  app.addGet('/resp/file-object', respFileObject)
  app.addGet('/resp/multipart', respMultipart)
}
