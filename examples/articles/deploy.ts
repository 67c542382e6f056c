/**
 * What a process manager starts several times, each with a socket of its own.
 *
 * `node --import=tsx examples/articles/deploy.ts --path=/tmp/example_1.sock`, behind nginx.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { Response, runApp } from '../../app.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.get('/', async () => new Response({ text: 'Hello, world' }))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values: { path, port } } = parseArgs({ options: { path: { type: 'string' }, port: { type: 'string' } } })
  await runApp(await createApp(), {
    ...path === undefined ? {} : { path },
    ...port === undefined ? {} : { port: Number(port) }
  })
}
