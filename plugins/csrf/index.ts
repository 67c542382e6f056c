/**
 * Protection against forged requests: a form that another site makes a user send is refused (CSRF).
 *
 * Every POST, PUT, PATCH and DELETE route asks for a token that only our own pages know. Other routes have no hook.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { rememberReplies, rememberReply } from '../responses/index.ts'
import type {} from '../routes/index.ts'
import type {} from '../sessions/index.ts'
import { Csrf } from './csrf.ts'
import { AIO_ERR_CSRF_MISSING, AIO_ERR_CSRF_STORAGE } from './errors.ts'
import { CookieKeeper, SessionKeeper, type Keeper } from './keeper.ts'
import { checkCsrfOptions, type CsrfOptions } from './options.ts'

export { Csrf } from './csrf.ts'
export type { CsrfOptions } from './options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Tokens and their check, for plugins; handlers call `csrfToken(request)`. */
    readonly csrf: Csrf
  }
  interface FastifyContextConfig {
    /** `false`: requests of other sites are welcome, because nothing depends on who sends them. @default true */
    csrf?: boolean | undefined
  }
}

/** What changes nothing needs no token (RFC 9110, section 9.2.1). */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_CSRF_STORAGE, AIO_ERR_SECRET */
export default fp<CsrfOptions>(async function csrf (app, options) {
  checkCsrfOptions(options)
  const csrf = new Csrf(keeperOf(app, options), options)
  app.decorate('csrf', csrf)

  async function checkToken (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    rememberReply(request, reply)
    // A route may be there for several methods.
    if (!safeMethods.has(request.method)) await csrf.check(request)
  }
  const onRoute = (route: RouteOptions) => {
    const { config, method, preHandler = [] } = route
    // With sessions, they do so.
    if (options.keys !== undefined) rememberReplies(route)
    if (config?.csrf === false || config?.liveDoor === true) return
    if ([method].flat().every(name => safeMethods.has(name))) return
    // Behind the body, which may have the token.
    route.preHandler = [checkToken, ...[preHandler].flat()]
  }
  app.addHook('onRoute', onRoute)
  app.addHook('onReady', async () => {
    if (app.hasDecorator('routes')) app.routes.onRoute(onRoute)
  })
}, {
  name: 'csrf',
  fastify: '5.x'
})

/**
 * A token for a form or a page of this client, another text each time. In hooks the reply has to be given.
 *
 * @throws AIO_ERR_CSRF_MISSING, AIO_ERR_CSRF_REPLY, AIO_ERR_SESSION_REPLY, SessionsUnavailable
 */
export async function csrfToken (request: FastifyRequest, reply?: FastifyReply): Promise<string> {
  if (!request.server.hasDecorator('csrf')) throw new AIO_ERR_CSRF_MISSING()
  return await request.server.csrf.token(request, reply)
}

function keeperOf (app: FastifyInstance, { cookieName = 'AIOHTTP_CSRF', keys }: CsrfOptions): Keeper {
  if (keys !== undefined) return new CookieKeeper(keys, cookieName)
  if (!app.hasDecorator('sessions')) throw new AIO_ERR_CSRF_STORAGE()
  return new SessionKeeper(app.sessions, 'csrf')
}
