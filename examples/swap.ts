/**
 * An app that is replaced while it serves: each visit of `/next` puts a new version in its place.
 *
 *     node --import=tsx examples/swap.ts
 *     curl http://127.0.0.1:8080/ http://127.0.0.1:8080/next http://127.0.0.1:8080/
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { runApp, runnerKey } from '../app.ts'

export default async function createApp (version = 1) {
  const app = Fastify()
  await app.register(bundle)

  app.cleanupContext(async function * () {
    console.log(`Version ${version} opens its database`)
    yield
    console.log(`Version ${version} closes its database`)
  })

  app.get('/', async () => `version ${version}`)

  // Takes its time, and is answered by the version that got it.
  app.get('/slow', async () => {
    await new Promise(resolve => setTimeout(resolve, 500))
    return `version ${version}, after half a second`
  })

  app.get('/next', async () => {
    const { generation } = await app.state.get(runnerKey).swap(await createApp(version + 1))
    return `generation ${generation} serves from now on`
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { host: '127.0.0.1', port: 8080 })
}
