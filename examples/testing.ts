/**
 * Fakes of outgoing HTTP: an app that asks a weather service, and answers without one.
 *
 * In a test the app gets a session with the middleware of a mock; here `WEATHER=real` would leave it out.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { ClientSession } from '../plugins/client-session/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import { mockClient } from '../plugins/testing/index.ts'

/** The application: it knows nothing of fakes. */
function createForecast (session: ClientSession) {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  app.addHook('onClose', async () => { await session.close() })
  app.get('/', async () => {
    const response = await session.get('https://weather.test/today', { params: { city: 'Kyiv' }, raiseForStatus: true })
    const { degrees } = await response.json() as { degrees: number }
    return degrees > 20 ? 'Go out' : 'Stay in'
  })
  return app
}

export default async function createApp () {
  const mock = mockClient().get('https://weather.test/today', {
    query: { city: 'Kyiv' }, json: { degrees: 25 }, repeat: Infinity
  })
  return createForecast(new ClientSession({ middlewares: process.env['WEATHER'] === 'real' ? [] : [mock.middleware] }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
