/**
 * aiohttp's FileResponse: a file with its type, ranges, conditions and compressed siblings.
 *
 * Sends the file it is given, wherever it is: a name that came from a client has to be checked before.
 *
 * @module
 */

import { constants, type BigIntStats } from 'node:fs'
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
import {
  acceptedEncodings, fileEncodings, fileRange, preconditions, type FileEncoding, type FileRange
} from './file-conditions.ts'
import { fileFacts, type FileFacts } from './file-facts.ts'
import { FileStream } from './file-stream.ts'
import { contentTypeOf } from './file-types.ts'
import { LateBody, type LateResponse, type Resolved } from './late-body.ts'
import { replyOf } from './reply.ts'
import { addVary, streamShape, type StreamResponseOptions } from './response-head.ts'
import { StreamResponse } from './stream-response.ts'

/** Options of a file response. */
export interface FileResponseOptions extends StreamResponseOptions {
  /** Bytes that are read at once (aiohttp: chunk_size). @default 262_144 */
  chunkSize?: number | undefined
}

const shape: Shape<FileResponseOptions> = { ...streamShape, chunkSize: integer(1) }
const missing = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE']
// ENXIO: a socket
const forbidden = ['EACCES', 'EPERM', 'ENXIO', 'EISDIR']
const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = constants
const extensions: Readonly<Record<FileEncoding, string>> = { br: '.br', gzip: '.gz' }

interface OpenFile {
  readonly handle: FileHandle
  readonly facts: FileFacts
  readonly encoding: FileEncoding | undefined
  /** Whether another client may get another encoding. */
  readonly varies: boolean
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
    { encoding, facts, handle, varies }: OpenFile, range: FileRange | null, accept: string | string[] | undefined,
    head: boolean
  ): Promise<Resolved> {
    // A part of a file is a part of what is on the disk.
    const coding = encoding === undefined && range === null ? this.applyCoding(accept) : 'identity'
    const headers = new Headers(this.headers)
    const { start, end } = range ?? { start: 0, end: facts.size }
    if (!headers.has('content-type')) headers.set('content-type', contentTypeOf(this.path))
    describeVersion(headers, facts)
    headers.set('accept-ranges', 'bytes')
    if (encoding !== undefined) headers.set('content-encoding', encoding)
    if (varies) addVary(headers)
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
  async #open (accepted: readonly FileEncoding[]): Promise<OpenFile> {
    const siblings = await siblingsOf(this.path)
    for (const encoding of accepted) {
      if (!siblings.includes(encoding)) continue
      const file = await openFile(this.path + extensions[encoding], O_NOFOLLOW).catch(() => undefined)
      if (file !== undefined) return { ...file, encoding, varies: true }
    }
    return { ...await openFile(this.path), encoding: undefined, varies: siblings.length > 0 }
  }
}

/** The encodings a file is there in, besides its own. */
async function siblingsOf (path: string): Promise<FileEncoding[]> {
  const found = await Promise.all(fileEncodings.map(async encoding =>
    (await lstat(path + extensions[encoding]).catch(() => undefined))?.isFile() === true))
  return fileEncodings.filter((_, index) => found[index])
}

function describeVersion (headers: Headers, { etag, lastModified }: FileFacts): void {
  headers.set('etag', etag)
  headers.set('last-modified', lastModified)
}

async function openFile (path: string, flags = 0): Promise<{ handle: FileHandle, facts: FileFacts }> {
  try {
    // Without O_NONBLOCK a pipe would keep a thread until somebody writes to it.
    const handle = await open(path, O_RDONLY | O_NONBLOCK | flags)
    const stats: BigIntStats = await handle.stat({ bigint: true })
    if (stats.isFile()) return { handle, facts: fileFacts(stats) }
    await handle.close()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (missing.includes(code)) throw hidden(new AIO_ERR_FILE_MISSING(path), error)
    if (!forbidden.includes(code)) throw error
    throw hidden(new AIO_ERR_FILE_FORBIDDEN(path), error)
  }
  // Directories, pipes, devices
  throw hidden(new AIO_ERR_FILE_FORBIDDEN(path))
}

/** Clients do not learn paths. */
function hidden (error: Error, cause?: unknown): Error {
  return Object.assign(error, { expose: false, ...(cause !== undefined && { cause }) })
}
