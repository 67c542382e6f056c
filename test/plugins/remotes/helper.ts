/** An app that tells who asks. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Test } from 'tap'
import remotes, { type RemotesOptions } from '../../../plugins/remotes/index.ts'
import { build } from '../../helper.ts'

export const say = ({ ip, ips, host, hostname, port, protocol }: FastifyRequest) =>
  ({ ip, ips, host, hostname, port, protocol })

export async function made (t: Test, options: RemotesOptions): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(remotes, options)
  app.get('/', async request => say(request))
  return app
}

export async function ask (app: FastifyInstance, headers: Record<string, string | string[]>, remoteAddress = '127.0.0.1') {
  const response = await app.inject({ url: '/', headers: { host: 'inside:81', ...headers }, remoteAddress })
  return { status: response.statusCode, ...response.statusCode === 200 ? response.json() : {} }
}

export const viaNginx = {
  'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'example.com'
}
