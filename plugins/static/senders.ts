/**
 * Who answers for what was found: our own sender, @fastify/static, and the pages of directories.
 *
 * @module
 */

import { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { reasonPhrase } from '../../lib/status.ts'
import { HTTPForbidden, HTTPMovedPermanently, HTTPNotFound } from '../exceptions/index.ts'
import { acceptedEncodings, FileStream, Response } from '../responses/index.ts'
import { answer, type Answer } from './answer.ts'
import type { Files, Representation } from './files.ts'
import type { Folder, Found } from './folder.ts'
import { encodePath, renderListing } from './listing.ts'
import type { StaticOptions } from './options.ts'

/** Answers for a directory that was found at a name. */
export type Directories = (name: string, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** Answers for whatever is at a name. */
export type Sender = (name: string, request: FastifyRequest, reply: FastifyReply, directories?: Directories) => unknown

/** From memory without a promise, from disk with one. */
export function senderOfOurs (files: Files, { chunkSize = 256 * 1024 }: StaticOptions): Sender {
  function send (file: Representation, request: FastifyRequest, reply: FastifyReply) {
    const found = answer(files, file, request, chunkSize)
    return found instanceof Promise ? found.then(answer => write(answer, reply)) : write(found, reply)
  }

  async function look (name: string, request: FastifyRequest, reply: FastifyReply, directories?: Directories) {
    const file = await files.look(name, acceptedEncodings(request.headers['accept-encoding']))
    if ('facts' in file) return await send(file, request, reply)
    if (file.kind === 'directory' && directories !== undefined) return await directories(name, request, reply)
    throw refusal(file)
  }

  return (name, request, reply, directories) => {
    const file = files.recall(name, acceptedEncodings(request.headers['accept-encoding']))
    return file === undefined ? look(name, request, reply, directories) : send(file, request, reply)
  }
}

/** Sends an answer; `undefined` is a file that has gone. */
function write (answer: Answer | undefined, reply: FastifyReply): FastifyReply {
  if (answer === undefined) throw new HTTPNotFound()
  const { body, headers, status } = answer
  // Whoever drops the response must not keep the file open.
  if (body instanceof FileStream) reply.raw.once('close', () => body.destroy())
  // HTTP/2 has no phrases.
  if (status === 416 && reply.raw instanceof ServerResponse) reply.raw.statusMessage = reasonPhrase(status)
  return reply.code(status).headers(headers).send(body)
}

/** Registers @fastify/static in the folder's own context, so that `reply.sendFile()` there means this folder. */
export async function senderOfFastify (
  app: FastifyInstance, folder: Folder, { cacheControl = false }: StaticOptions
): Promise<Sender> {
  // Loaded by those who use it only.
  const { default: fastifyStatic } = await import('@fastify/static')
  await app.register(fastifyStatic, {
    root: folder.root,
    serve: false,
    cacheControl: false,
    // The folder's own policy has been applied before.
    dotfiles: 'allow',
    index: false,
    ...(cacheControl === false ? {} : { setHeaders: reply => { reply.header('cache-control', cacheControl) } })
  })
  return async (name, request, reply, directories) => {
    const found = await folder.find(name)
    if (found.kind === 'file') return reply.sendFile(name)
    if (found.kind === 'directory' && directories !== undefined) return await directories(name, request, reply)
    throw refusal(found)
  }
}

/** The index file, else the listing, else 403. */
export function createDirectories (
  folder: Folder, prefix: string, { index = false, showIndex = false }: StaticOptions, send: Sender
): Directories {
  return async (name, request, reply) => {
    const directory = name.replace(/\/$/, '')
    if (index !== false) {
      const file = directory === '' ? index : `${directory}/${index}`
      if ((await folder.find(file)).kind === 'file') {
        if (splitUrl(request.raw.url)[0].endsWith('/')) return await send(file, request, reply)
        throw new HTTPMovedPermanently(withSlash(request.originalUrl))
      }
    }
    if (!showIndex) throw new HTTPForbidden()
    const base = `${prefix}${directory === '' ? '' : `/${encodePath(directory)}`}`
    return new Response({
      contentType: 'text/html',
      text: renderListing(base, directory, await folder.list(directory))
    })
  }
}

/** What a client is told where nothing can be sent. */
function refusal ({ kind }: Found): HTTPNotFound | HTTPForbidden {
  return kind === 'missing' ? new HTTPNotFound() : new HTTPForbidden()
}

/** The URL with a slash after its path; never one that browsers take for another host ("//host/"). */
function withSlash (url: string): string {
  const [path, query] = splitUrl(url)
  return `${path.replace(/^[/\\]+/, '/')}/${query}`
}

/** Path and query (with its question mark) of a request target. */
export function splitUrl (url = ''): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark)]
}
