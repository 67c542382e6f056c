/**
 * Typed state: one counter for the app, one user for each request.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import state, { AppKey, RequestKey } from '../plugins/state.ts'
import { runApp } from '../plugins/runner/index.ts'

const visits = new AppKey<Map<string, number>>('visits')
const user = new RequestKey<string>('user')

export default async function createApp () {
  const app = Fastify()
  await app.register(state)
  app.state.set(visits, new Map())

  app.addHook('onRequest', async request => {
    request.state.set(user, String(request.headers['x-user'] ?? 'somebody'))
  })

  app.get('/', async request => {
    const name = request.state.get(user)
    const count = (app.state.get(visits).get(name) ?? 0) + 1
    app.state.get(visits).set(name, count)
    return { hello: name, visits: count }
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
