/** Apps with the requests plugin, and bodies to send to them. */

import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Test } from 'tap'
import exceptions from '../../../plugins/exceptions/index.ts'
import requests, { type RequestsOptions } from '../../../plugins/requests/index.ts'
import { build } from '../../helper.ts'

/** An app that answers every request with what the handler returns, and leaves bodies unread. */
export async function answering (
  t: Test, handler: (request: FastifyRequest, reply: FastifyReply) => unknown, options: RequestsOptions = {}
): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(exceptions)
  await app.register(requests, options)
  app.lazyBodies()
  app.all('/*', async (request, reply) => await handler(request, reply))
  return app
}

/** The same on a port. */
export async function listening (...args: Parameters<typeof answering>) {
  const app = await answering(...args)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: (app.server.address() as AddressInfo).port }
}

/** One part of a multipart body. */
export interface Part {
  headers: Record<string, string>
  body: string | Buffer
}

export const type = (subtype = 'form-data', boundary = 'X') => `multipart/${subtype}; boundary=${boundary}`

/** A multipart body. */
export function multipart (parts: readonly Part[], boundary = 'X'): Buffer {
  const pieces = parts.flatMap(({ headers, body }) => [
    `--${boundary}\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, body, '\r\n'
  ])
  return Buffer.concat([...pieces, `--${boundary}--\r\n`].map(piece => Buffer.from(piece as string)))
}

/** A field of a form. */
export const field = (name: string, body: string, headers: Record<string, string> = {}): Part =>
  ({ headers: { 'Content-Disposition': `form-data; name="${name}"`, ...headers }, body })

/** A file of a form. */
export const file = (
  name: string, filename: string, body: string | Buffer, headers: Record<string, string> = {}
): Part => ({ headers: { 'Content-Disposition': `form-data; name="${name}"; filename="${filename}"`, ...headers }, body })
