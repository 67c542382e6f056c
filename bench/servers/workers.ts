/** One route, by so many workers as the argument says, on the port that the second one is. */

import Fastify from 'fastify'
import { runCluster } from './package.ts'

const [workers = '1', port = '0'] = process.argv.slice(2)

await runCluster(() => {
  const app = Fastify()
  app.get('/', (_request, reply) => { reply.send('Hello, world') })
  return app
}, { workers: Number(workers), host: '127.0.0.1', port: Number(port), log: () => {} })
