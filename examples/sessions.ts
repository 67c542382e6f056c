/**
 * Sessions: a cart that follows the client, in an encrypted cookie.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import exceptions, { HTTPSeeOther } from '../plugins/exceptions/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import sessions, { EncryptedCookieStorage, getSession } from '../plugins/sessions/index.ts'

export async function createApp () {
  const app = Fastify()
  await app.register(exceptions)
  // A key of this process only: carts are gone when it ends.
  const keys = process.env['SESSION_KEY'] ?? randomBytes(32)
  await app.register(sessions, { storage: new EncryptedCookieStorage({ keys }), rolling: 60_000 })

  app.get('/', async request => {
    const session = await getSession(request)
    return { cart: session.get('cart') ?? [], new: session.new }
  })

  app.get<{ Params: { thing: string } }>('/add/:thing', async request => {
    const session = await getSession(request)
    session.set('cart', [...session.get<string[]>('cart') ?? [], request.params.thing])
    throw new HTTPSeeOther('/')
  })

  app.get('/empty', async request => {
    (await getSession(request)).invalidate()
    throw new HTTPSeeOther('/')
  })

  return app
}

export default createApp

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
