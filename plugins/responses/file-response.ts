/**
 * aiohttp's FileResponse: a file with its type, ranges, conditions and compressed siblings.
 *
 * Sends the file it is given, wherever it is: a name that came from a client has to be checked before.
 *
 * @module
 */

import type { BigIntStats } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Body } from '../../lib/content.ts'
import {
  AIO_ERR_ARGUMENT_INVALID, AIO_ERR_FILE_FORBIDDEN, AIO_ERR_FILE_MISSING, AIO_ERR_RESPONSE_REPLY
} from '../../lib/errors.ts'
import { Headers } from '../../lib/headers.ts'
import { checkOptions, describe, integer, type Shape } from '../../lib/options.ts'
import { reasonPhrase } from '../../lib/status.ts'
import { createEncoder } from './compression.ts'
import { acceptedEncodings, fileRange, preconditions, type FileEncoding, type FileRange } from './file-conditions.ts'
import { fileFacts, type FileFacts } from './file-facts.ts'
import { FileStream } from './file-stream.ts'
import { contentTypeOf } from './file-types.ts'
import { LateBody, type LateResponse, type Resolved } from './late-body.ts'
import { replyOf } from './reply.ts'
import { streamShape, StreamResponse, type StreamResponseOptions } from './stream-response.ts'

/** Options of a file response. */
export interface FileResponseOptions extends StreamResponseOptions {
  /** Bytes that are read at once. @default 262_144 */
  chunkSize?: number | undefined
}

const shape: Shape<FileResponseOptions> = { ...streamShape, chunkSize: integer(1) }
const extensions: Readonly<Record<FileEncoding, string>> = { br: '.br', gzip: '.gz' }

interface OpenFile {
  readonly handle: FileHandle
  readonly facts: FileFacts
  readonly encoding: FileEncoding | undefined
}

/** A file; return it from a handler. A missing file is 404, one that cannot be read 403. */
export class FileResponse extends StreamResponse implements LateResponse {
  readonly path: string
  readonly #chunkSize: number
  readonly #late = new LateBody(this)

  /** @throws AIO_ERR_ARGUMENT_INVALID, and what `StreamResponse` throws */
  constructor (path: string | URL, options: FileResponseOptions = {}) {
    checkOptions('FileResponse', options, shape)
    const { chunkSize = 262_144, ...rest } = options
    super(rest)
    if (typeof path !== 'string' && !(path instanceof URL)) {
      throw new AIO_ERR_ARGUMENT_INVALID('path', 'FileResponse', 'a path or a file: URL', describe(path))
    }
    this.path = path instanceof URL ? fileURLToPath(path) : path
    this.#chunkSize = chunkSize
  }

  override get body (): Body {
    return this.#late
  }

  /** Sends the response at once, where a handler cannot return it. @throws AIO_ERR_RESPONSE_REPLY */
  override async prepare (request: FastifyRequest, reply: FastifyReply | undefined = replyOf(request)): Promise<void> {
    if (reply === undefined) throw new AIO_ERR_RESPONSE_REPLY()
    reply.send(this)
  }

  /**
   * Opens the file and decides what of it is sent; for `late-body.ts`.
   *
   * @throws AIO_ERR_FILE_MISSING (404), AIO_ERR_FILE_FORBIDDEN (403)
   */
  async resolve ({ headers, method }: IncomingMessage): Promise<Resolved> {
    const file = await this.#open(acceptedEncodings(headers['accept-encoding']))
    try {
      const condition = preconditions(headers, file.facts)
      if (condition !== 200) return await this.#without(file, condition)
      const range = fileRange(headers, file.facts)
      if (range === 'unsatisfiable') return await this.#without(file, 416)
      return await this.#with(file, range, headers['accept-encoding'], method === 'HEAD')
    } catch (error) {
      await file.handle.close()
      throw error
    }
  }

  /** 304, 412 and 416. */
  async #without ({ handle, facts }: OpenFile, status: 304 | 412 | 416): Promise<Resolved> {
    await handle.close()
    const headers = new Headers(this.headers)
    for (const name of ['content-length', 'content-type']) headers.delete(name)
    if (status === 304) describeVersion(headers, facts)
    if (status === 412) headers.set('content-length', 0)
    if (status === 416) {
      headers.set('content-range', `bytes */${facts.size}`)
      headers.set('content-type', 'application/octet-stream')
      headers.set('content-length', 0)
    }
    return { status, reason: reasonPhrase(status), headers, body: null }
  }

  async #with (
    { encoding, facts, handle }: OpenFile, range: FileRange | null, accept: string | string[] | undefined, head: boolean
  ): Promise<Resolved> {
    const coding = encoding === undefined ? this.applyCoding(accept) : 'identity'
    const headers = new Headers(this.headers)
    const { start, end } = range ?? { start: 0, end: facts.size }
    if (!headers.has('content-type')) headers.set('content-type', contentTypeOf(this.path))
    describeVersion(headers, facts)
    headers.set('accept-ranges', 'bytes')
    if (encoding !== undefined) {
      headers.set('content-encoding', encoding)
      headers.set('vary', 'Accept-Encoding')
    }
    if (range !== null) headers.set('content-range', `bytes ${start}-${end - 1}/${facts.size}`)
    if (coding === 'identity') headers.set('content-length', end - start)
    const status = range === null ? this.status : 206
    const reason = range === null ? this.reason : reasonPhrase(206)
    if (head || end === start) {
      await handle.close()
      return { status, reason, headers, body: null }
    }
    const stream = new FileStream(handle, { start, end, chunkSize: this.#chunkSize })
    const body = coding === 'identity' ? stream : stream.pipe(createEncoder(coding))
    if (body !== stream) stream.on('error', error => body.destroy(error))
    return { status, reason, headers, body }
  }

  /** A compressed sibling comes first, unless it is a link: that could lead anywhere. */
  async #open (encodings: readonly FileEncoding[]): Promise<OpenFile> {
    for (const encoding of encodings) {
      const path = this.path + extensions[encoding]
      const stats = await lstat(path, { bigint: true }).catch(() => undefined)
      if (stats?.isFile() !== true) continue
      const file = await openFile(path).catch(() => undefined)
      if (file !== undefined) return { ...file, encoding }
    }
    return { ...await openFile(this.path), encoding: undefined }
  }
}

function describeVersion (headers: Headers, { etag, lastModified }: FileFacts): void {
  headers.set('etag', etag)
  headers.set('last-modified', lastModified)
}

async function openFile (path: string): Promise<{ handle: FileHandle, facts: FileFacts }> {
  try {
    // A pipe would block: only files are opened.
    const handle = await open(path, 'r')
    const stats: BigIntStats = await handle.stat({ bigint: true })
    if (stats.isFile()) return { handle, facts: fileFacts(stats) }
    await handle.close()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'EACCES' || code === 'EPERM') throw hidden(new AIO_ERR_FILE_FORBIDDEN(path), error)
    if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'ERR_INVALID_ARG_VALUE'].includes(code)) throw error
  }
  throw hidden(new AIO_ERR_FILE_MISSING(path))
}

/** Clients do not learn paths. */
function hidden (error: Error, cause?: unknown): Error {
  return Object.assign(error, { expose: false, ...(cause !== undefined && { cause }) })
}
