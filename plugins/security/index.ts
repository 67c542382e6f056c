/**
 * Security: who a request comes from, and what they may do (aiohttp_security).
 *
 * Two policies answer the two questions. Where nothing is set up nobody is known and nothing is permitted.
 *
 * @module
 */

import type {
  FastifyReply, FastifyRequest, RawServerBase, RawServerDefault, RouteOptions
} from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'
import { checkOptions, describe, nonEmptyString } from '../../lib/options.ts'
import { rememberReply } from '../responses/index.ts'
import type {} from '../routes/index.ts'
import { AIO_ERR_SECURITY_MISSING } from './errors.ts'
import {
  authorizationPolicy, identityPolicy,
  type AuthorizationPolicy, type IdentityPolicy, type RememberOptions, type ResponseLike
} from './policy.ts'
import { checkAuthorized as demandUser, checkPermission as demandPermission, Security } from './security.ts'

export { CookieIdentity, type CookieIdentityOptions } from './cookie-identity.ts'
export { JWTIdentity, type JWTAlgorithm, type JWTIdentityOptions } from './jwt-identity.ts'
export { hashPassword, needsRehash, verifyPassword } from './password.ts'
export type {
  AuthorizationPolicy, CookieResponse, IdentityPolicy, RememberOptions, ResponseLike
} from './policy.ts'
export { Security } from './security.ts'
export { SessionIdentity, type SessionIdentityOptions } from './session-identity.ts'

/** A hook of any place in the life of a request. */
export type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** Options of the security plugin. */
export interface SecurityOptions {
  /** Who users are, and what they may do. */
  authorization: AuthorizationPolicy
  /** Where identities are kept: `SessionIdentity`, `CookieIdentity`, `JWTIdentity`, or a policy of your own. */
  identity: IdentityPolicy
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Who asks and whether they may, for plugins; handlers call the functions of the same names. */
    readonly security: Security
    /**
     * A hook that lets those pass who have a permission, or who are logged in when none is named: 401, then 403.
     *
     * @throws AIO_ERR_OPTION_INVALID
     */
    requires (permission?: string): Guard
  }
  interface FastifyContextConfig {
    /** Who calls the route needs this permission; `true`: has to be logged in. */
    permission?: string | true | undefined
  }
  interface RouteShorthandOptions<
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- a merged interface repeats its parameters
    RawServer extends RawServerBase = RawServerDefault
  > {
    /** Who calls the route needs this permission; `true`: has to be logged in. */
    permission?: string | true | undefined
  }
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export default fp<SecurityOptions>(async function security (app, options) {
  checkSecurityOptions(options)
  const security = new Security(options.identity, options.authorization)
  app.decorate('security', security)
  app.decorate('requires', permission => guard(permission ?? true))
  const guards = new Map<unknown, Guard>()
  const onRoute = (route: RouteOptions) => addGuard(route, guards)
  app.addHook('onRoute', onRoute)
  app.addHook('onReady', async () => {
    if (app.hasDecorator('routes')) app.routes.onRoute(onRoute)
  })
}, {
  name: 'security',
  fastify: '5.x'
})

/**
 * Remembers who a client is from here on: it has logged in (aiohttp_security: remember).
 *
 * @throws AIO_ERR_SECURITY_MISSING, AIO_ERR_SECURITY_IDENTITY
 */
export async function remember (
  request: FastifyRequest, response: ResponseLike, identity: string, options?: RememberOptions
): Promise<void> {
  await existing(request, 'remember an identity').remember(request, response, identity, options)
}

/** Forgets who a client is: it has logged out (aiohttp_security: forget). @throws AIO_ERR_SECURITY_MISSING */
export async function forget (request: FastifyRequest, response: ResponseLike): Promise<void> {
  await existing(request, 'forget an identity').forget(request, response)
}

/** The id of the user who asks; `null` for nobody, and where nothing is set up. */
export async function authorizedUserid (request: FastifyRequest): Promise<string | null> {
  return await securityOf(request)?.authorizedUserid(request) ?? null
}

/** Whether the client has no identity; true where nothing is set up. */
export async function isAnonymous (request: FastifyRequest): Promise<boolean> {
  return await securityOf(request)?.isAnonymous(request) ?? true
}

/** Whether the client has a permission; false where nothing is set up (aiohttp_security: true). */
export async function permits (request: FastifyRequest, permission: string, context?: unknown): Promise<boolean> {
  return await securityOf(request)?.permits(request, permission, context) ?? false
}

/** The id of the user who asks. @throws HTTPUnauthorized */
export async function checkAuthorized (request: FastifyRequest): Promise<string> {
  return await demandUser(securityOf(request), request)
}

/** @throws HTTPUnauthorized for nobody, HTTPForbidden for those without the permission */
export async function checkPermission (request: FastifyRequest, permission: string, context?: unknown): Promise<void> {
  await demandPermission(securityOf(request), request, permission, context)
}

function securityOf ({ server }: FastifyRequest): Security | undefined {
  return server.hasDecorator('security') ? server.security : undefined
}

/** Silence would look like success. */
function existing (request: FastifyRequest, what: string): Security {
  const security = securityOf(request)
  if (security === undefined) throw new AIO_ERR_SECURITY_MISSING(what)
  return security
}

function checkSecurityOptions (options: SecurityOptions): void {
  const shape = { authorization: authorizationPolicy, identity: identityPolicy }
  checkOptions('the security plugin', options, shape)
  for (const [name, { expected }] of Object.entries(shape)) {
    if (Reflect.get(options, name) !== undefined) continue
    throw new AIO_ERR_OPTION_INVALID(name, 'the security plugin', expected, 'undefined')
  }
}

/** Routes that name a permission get a hook, the others do not. It comes before the body is read. */
function addGuard (route: RouteOptions, guards: Map<unknown, Guard>): void {
  const { permission = route.config?.permission } = route
  if (permission === undefined || route.config?.liveDoor === true) return
  const hook = guards.get(permission) ?? guard(permission)
  guards.set(permission, hook)
  const hooks = [route.onRequest ?? []].flat()
  route.config = { ...route.config, permission }
  // The HEAD route of a GET route has its hooks already.
  if (!hooks.includes(hook)) route.onRequest = [hook, ...hooks]
}

function guard (permission: string | true): Guard {
  if (permission !== true && !nonEmptyString.test(permission)) {
    throw new AIO_ERR_OPTION_INVALID('permission', 'a route', `${nonEmptyString.expected} or true`, describe(permission))
  }
  return async function checkPermissionFirst (request, reply) {
    // A handler behind it may change the session.
    rememberReply(request, reply)
    if (permission === true) await checkAuthorized(request)
    else await checkPermission(request, permission)
  }
}
