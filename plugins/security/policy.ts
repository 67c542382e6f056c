/**
 * What the two policies are: who a request comes from, and what they may do (aiohttp_security).
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CookieOptions } from '../../lib/cookies.ts'
import { check } from '../../lib/options.ts'

/** A response that takes cookies: one of this package, or an HTTP exception. */
export interface CookieResponse {
  setCookie (name: string, value: string, options?: CookieOptions): void
  delCookie (name: string, options?: Omit<CookieOptions, 'expires' | 'maxAge'>): void
}

/** What carries an identity to the client. */
export type ResponseLike = FastifyReply | CookieResponse

/** Options of `remember()`. */
export interface RememberOptions {
  /** How long, in milliseconds. @default what the policy says */
  maxAge?: number | undefined
}

/** Who a request comes from (aiohttp_security: AbstractIdentityPolicy). */
export interface IdentityPolicy {
  /** `null` for nobody; never throws because of what a client has sent. */
  identify (request: FastifyRequest): Promise<string | null>
  remember (request: FastifyRequest, response: ResponseLike, identity: string, options: RememberOptions): Promise<void>
  forget (request: FastifyRequest, response: ResponseLike): Promise<void>
}

/** Who an identity belongs to, and what they may do (aiohttp_security: AbstractAuthorizationPolicy). */
export interface AuthorizationPolicy {
  /** The user's id; `null` when the identity is that of nobody (any more). */
  authorizedUserid (identity: string): Promise<string | null> | string | null
  /** Whether the identity, `null` for nobody, has the permission; `context` is what the caller gave. */
  permits (identity: string | null, permission: string, context?: unknown): Promise<boolean> | boolean
}

/** Whoever has the methods of an identity policy. */
export const identityPolicy = check('a policy with identify(), remember() and forget()',
  value => hasMethods(value, ['identify', 'remember', 'forget']))

/** Whoever has the methods of an authorization policy. */
export const authorizationPolicy = check('a policy with authorizedUserid() and permits()',
  value => hasMethods(value, ['authorizedUserid', 'permits']))

function hasMethods (value: unknown, names: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && names.every(name => typeof Reflect.get(value, name) === 'function')
}
