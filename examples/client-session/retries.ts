/**
 * A server in trouble: what is safe to repeat is sent again, after a pause and not for ever.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { ClientSession } from '../../plugins/client-session/index.ts'
import { testServer } from '../../plugins/testing/index.ts'

/** GET and its kind are tried five times in all; a POST never twice, unless `retry.methods` says that it may be. */
export function patientSession (baseUrl: string): ClientSession {
  return new ClientSession({ baseUrl, raiseForStatus: true, retry: { limit: 4, minDelay: 20 } })
}

/** Answers 503 at /stock two times out of three, and counts. */
export default async function createApp () {
  const app = Fastify()
  let requests = 0
  app.route({
    method: ['GET', 'POST'],
    url: '/stock',
    handler: async (_request, reply) => {
      requests += 1
      if (requests % 3 !== 0) return reply.code(503).header('retry-after', '0').send('later')
      return { requests }
    }
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await using server = await testServer(await createApp())
  await using session = patientSession(server.makeUrl('/'))
  await using response = await session.get('stock')
  console.log(response.status, await response.json())
}
