/**
 * Security: log in with a name and a password, and see what only members may see.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import exceptions, { HTTPUnauthorized } from '../plugins/exceptions/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import security, {
  authorizedUserid, forget, hashPassword, remember, SessionIdentity, verifyPassword
} from '../plugins/security/index.ts'
import sessions, { MemoryStorage } from '../plugins/sessions/index.ts'

export async function createApp () {
  const users = new Map([['ann', { hash: await hashPassword('correct horse'), permissions: ['admin'] }]])
  const app = Fastify()
  await app.register(exceptions)
  await app.register(sessions, { storage: new MemoryStorage() })
  await app.register(security, {
    identity: new SessionIdentity(),
    authorization: {
      authorizedUserid: identity => users.has(identity) ? identity : null,
      permits: (identity, permission) => users.get(identity ?? '')?.permissions.includes(permission) === true
    }
  })

  app.get('/', async request => `Hello, ${await authorizedUserid(request) ?? 'stranger'}`)

  app.post<{ Body: { name: string, password: string } }>('/login', async (request, reply) => {
    const { name, password } = request.body
    if (!await verifyPassword(password, users.get(name)?.hash)) throw new HTTPUnauthorized()
    await remember(request, reply, name)
    return 'welcome'
  })

  app.post('/logout', async (request, reply) => {
    await forget(request, reply)
    return 'goodbye'
  })

  app.get('/admin', { config: { permission: 'admin' } }, async () => 'the keys of the house')

  return app
}

export default createApp

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
