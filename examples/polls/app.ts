/**
 * The polls: questions, votes, and results that move while others vote; an application as one would write it.
 *
 * `npm start` serves it, on a database embedded in the process; with `DATABASE_URL=postgres://…` on that server.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import bundle, {
  EncryptedCookieStorage, frameworkErrors, normalizePath, redisBackplane, runApp, SessionIdentity
} from '../../app.ts'
import { chat } from '../chat/app.ts'
import { admin } from './admin.ts'
import { api } from './api.ts'
import { readConfig, type PollsConfig } from './config.ts'
import { errorPages, hookErrorPages } from './errors.ts'
import { LiveResults, liveResults } from './live.ts'
import { Admin, adminKey, login } from './login.ts'
import { pages } from './pages.ts'

const pageHeaders = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff'
}

/** The polls, ready to be served. */
export async function createPolls (config: PollsConfig, options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  // The embedded database takes some seconds to start.
  const app = Fastify({ frameworkErrors, pluginTimeout: 60_000, logger: { level: 'warn' }, ...options })
  const owner = await Admin.create(config.admin)
  await app.register(bundle, {
    accessLog: config.accessLog ? { logger: { info: (_fields, line) => console.log(line) } } : false,
    remotes: config.proxies.length > 0 && { trusted: config.proxies },
    middlewares: { middlewares: [errorPages, normalizePath()] },
    health: { checks: { database: () => app.database.check() } },
    websockets: config.redis === undefined ? {} : { backplane: redisBackplane({ url: config.redis, channel: 'polls' }) },
    // Nobody waits for a page much longer than this.
    database: { url: config.database, migrations: new URL('migrations', import.meta.url), statementTimeout: 5_000 },
    sessions: { storage: new EncryptedCookieStorage({ keys: [config.secret] }), cookieName: 'POLLS' },
    security: { identity: new SessionIdentity(), authorization: owner },
    csrf: {},
    templates: { folder: new URL('templates', import.meta.url) },
    openapi: {
      info: { title: 'Polls', version: '1.0.0', description: 'Questions, and votes for their choices.' },
      hide: ({ path }) => !path.startsWith('/api/')
    }
  })
  app.state.set(adminKey, owner)
  app.state.set(liveResults, new LiveResults(app))
  app.onResponsePrepare((request, response) => {
    // The page of the API styles itself.
    if (request.url.startsWith('/docs/')) return
    for (const [name, value] of Object.entries(pageHeaders)) response.headers.set(name, value)
  })
  app.addStatic('/static', new URL('static', import.meta.url), {
    name: 'static', appendVersion: true, cacheControl: 'public, max-age=31536000, immutable'
  })
  await app.register(async site => {
    site.setErrorHandler(hookErrorPages)
    site.addRoutes([...pages, ...login, ...admin])
  })
  await app.register(api, { prefix: '/api' })
  await app.register(chat, { prefix: '/chat' })
  return app
}

/** What the command calls, with the flags that stand behind the module. */
export default async function createApp (...flags: string[]): Promise<FastifyInstance> {
  const config = await readConfig(flags)
  if (config.database.startsWith('pglite:')) console.log('Starting a database in this process: a few seconds …')
  return await createPolls(config)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(() => createApp(...process.argv.slice(2)), { host: '127.0.0.1' })
}
