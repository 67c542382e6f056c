/**
 * Who asks, and whether they may: the two policies put together.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { checkOptions, describe, integer } from '../../lib/options.ts'
import { HTTPForbidden, HTTPUnauthorized } from '../exceptions/index.ts'
import { AIO_ERR_SECURITY_IDENTITY } from './errors.ts'
import type { AuthorizationPolicy, IdentityPolicy, RememberOptions, ResponseLike } from './policy.ts'

/** What `app.security` offers, for plugins; handlers call the functions of the same names. */
export class Security {
  readonly #identity: IdentityPolicy
  readonly #authorization: AuthorizationPolicy

  constructor (identity: IdentityPolicy, authorization: AuthorizationPolicy) {
    this.#identity = identity
    this.#authorization = authorization
  }

  /** @throws AIO_ERR_SECURITY_IDENTITY, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  async remember (
    request: FastifyRequest, response: ResponseLike, identity: string, options: RememberOptions = {}
  ): Promise<void> {
    if (typeof identity !== 'string' || identity === '') throw new AIO_ERR_SECURITY_IDENTITY(describe(identity))
    checkOptions('remember()', options, { maxAge: integer(1) })
    await this.#identity.remember(request, response, identity, options)
  }

  async forget (request: FastifyRequest, response: ResponseLike): Promise<void> {
    await this.#identity.forget(request, response)
  }

  async authorizedUserid (request: FastifyRequest): Promise<string | null> {
    const identity = await this.#identity.identify(request)
    return identity === null ? null : await this.#authorization.authorizedUserid(identity)
  }

  async isAnonymous (request: FastifyRequest): Promise<boolean> {
    return await this.#identity.identify(request) === null
  }

  async permits (request: FastifyRequest, permission: string, context?: unknown): Promise<boolean> {
    const identity = await this.#identity.identify(request)
    // Whatever is not plainly yes is no.
    return await this.#authorization.permits(identity, permission, context) === true
  }
}

/** Who asks, for sure. @throws HTTPUnauthorized */
export async function checkAuthorized (security: Security | undefined, request: FastifyRequest): Promise<string> {
  const userid = await security?.authorizedUserid(request)
  if (userid === null || userid === undefined) throw new HTTPUnauthorized()
  return userid
}

/** @throws HTTPUnauthorized, HTTPForbidden with the reason that aiohttp_security gives */
export async function checkPermission (
  security: Security | undefined, request: FastifyRequest, permission: string, context?: unknown
): Promise<void> {
  await checkAuthorized(security, request)
  if (await security?.permits(request, permission, context) === true) return
  // A name may come from a request, and a status line takes ASCII only.
  const name = permission.replace(/[^\x20-\x7e]/g, '?')
  throw new HTTPForbidden({ reason: `User does not have '${name}' permission` })
}
