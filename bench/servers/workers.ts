/** Two routes, one of them with work, by so many workers as the argument says, on the port that the second one is. */

import { createHash } from 'node:crypto'
import Fastify from 'fastify'
import { runCluster } from './package.ts'

const [workers = '1', port = '0'] = process.argv.slice(2)
/** To hash it takes some milliseconds. */
const data = Buffer.alloc(4 * 1024 ** 2)

await runCluster(() => {
  const app = Fastify()
  app.get('/', (_request, reply) => { reply.send('Hello, world') })
  app.get('/work', (_request, reply) => { reply.send(createHash('sha256').update(data).digest('hex')) })
  return app
}, { workers: Number(workers), host: '127.0.0.1', port: Number(port), log: () => {} })
