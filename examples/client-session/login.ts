/**
 * A login with cookies: the session keeps what the server sets, and sends it where it belongs.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { CookieJar, HTTPFound, HTTPUnauthorized, Response } from '../../app.ts'
import { ClientSession } from '../../plugins/client-session/index.ts'
import { testServer } from '../../plugins/testing/index.ts'

/** Logs in, is redirected to the own page, and resolves to what stands there. */
export async function login (session: ClientSession, name: string, password: string): Promise<string> {
  await using response = await session.post('/login', { data: { name, password }, raiseForStatus: true })
  return await response.text()
}

/** Knows one user, and sets a cookie. */
export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.lazyBodies()
  app.get('/', async request => {
    const { user } = request.cookies
    if (user === undefined) throw new HTTPUnauthorized()
    return new Response({ text: `Hello, ${user}` })
  })
  app.post('/login', async request => {
    const form = await request.post()
    if (form.get('password') !== 'tea') throw new HTTPUnauthorized()
    const found = new HTTPFound('/')
    found.setCookie('user', String(form.get('name')), { httpOnly: true })
    throw found
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await using server = await testServer(await createApp())
  await using session = new ClientSession({
    baseUrl: server.makeUrl('/'),
    // An address is no domain: cookies of one are kept only when that is asked for.
    cookieJar: new CookieJar({ unsafe: true })
  })
  console.log(await login(session, 'Ann', 'tea'))
}
