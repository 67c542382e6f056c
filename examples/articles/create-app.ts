/**
 * A function that makes the app for a branch: it reads its configuration and puts what all handlers share on the app.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import bundle, { AppKey, RequestKey, Response, runApp } from '../../app.ts'

interface Config { readonly visitor: string, readonly alipay: { readonly domain: string } }

const redisConn = new AppKey<Map<string, string>>('redis_conn')
const domain = new AppKey<string>('domain')
const myPrivateKey = new RequestKey<string>('my_private_key')

async function handler (request: FastifyRequest) {
  const { state } = request.server
  const visitor = state.get(redisConn).get('visitor')
  // What lives as long as one request is kept on the request.
  request.state.set(myPrivateKey, 'data')
  return new Response({ text: `${visitor} at ${state.get(domain)}, ${request.state.get(myPrivateKey)}` })
}

/** A resource: opened before the first request, closed after the last. */
async function * redis (app: FastifyInstance) {
  yield
  app.state.get(redisConn).clear()
}

export default async function createApp (branch = 'main') {
  const file = new URL(`conf/shop-${branch}.json`, import.meta.url)
  const config: Config = JSON.parse(await readFile(file, 'utf8'))
  const app = Fastify()
  await app.register(bundle)
  app.state.set(redisConn, new Map([['visitor', config.visitor]]))
  app.state.set(domain, config.alipay.domain)
  app.cleanupContext(redis)
  app.get('/', handler)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(createApp(), { host: '127.0.0.1', port: 8888 })
