/** An app that answers with a stream. */

import type { Test } from 'tap'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import exceptions from '../../../plugins/exceptions/index.ts'
import responses, { StreamResponse, type StreamResponseOptions } from '../../../plugins/responses/index.ts'
import { build } from '../../helper.ts'

export type Write = (response: StreamResponse, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** An app with one route whose handler writes a stream response. */
export async function streaming (t: Test, write: Write, options?: StreamResponseOptions): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(exceptions)
  await app.register(responses)
  app.get('/', async (request, reply) => {
    const response = new StreamResponse(options)
    await write(response, request, reply)
    return reply
  })
  return app
}

export const begin = async (response: StreamResponse, request: FastifyRequest, reply: FastifyReply) => {
  await response.prepare(request, reply)
}

export async function listen (app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}
