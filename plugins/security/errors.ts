/**
 * Usage errors of security.
 *
 * @module
 */

import createError from '@fastify/error'

/** Nobody can be remembered where nothing was set up (aiohttp_security: "Security subsystem is not initialized"). */
export const AIO_ERR_SECURITY_MISSING = createError<[string]>(
  'AIO_ERR_SECURITY_MISSING', 'Cannot %s: register the security plugin in the app of the route')

/** An identity that is none. Argument: what came. */
export const AIO_ERR_SECURITY_IDENTITY = createError<[string]>(
  'AIO_ERR_SECURITY_IDENTITY', 'Invalid identity: expected a non-empty string, got %s', 500, TypeError)

/** An identity that cannot be remembered in this way. */
export const AIO_ERR_SECURITY_TOKEN = createError(
  'AIO_ERR_SECURITY_TOKEN', 'Cannot remember an identity in a token that the client has: give it a new one, such as one ' +
  'of @fastify/jwt')

/** A response that takes no cookies. Argument: what came. */
export const AIO_ERR_SECURITY_RESPONSE = createError<[string]>(
  'AIO_ERR_SECURITY_RESPONSE', 'Invalid response: expected a reply, or a response with setCookie(), got %s', 500, TypeError)

/** Identities in sessions need sessions. */
export const AIO_ERR_SECURITY_SESSIONS = createError(
  'AIO_ERR_SECURITY_SESSIONS', 'Cannot keep identities in sessions: register the sessions plugin before the security plugin')

/** An algorithm without a fitting key, or one that is not known. Arguments: algorithm, why. */
export const AIO_ERR_JWT_KEY = createError<[string, string]>(
  'AIO_ERR_JWT_KEY', 'Invalid key for JWTIdentity and the algorithm "%s": %s', 500, TypeError)

/** A password nobody should hash. Arguments: what was expected, what came. */
export const AIO_ERR_PASSWORD = createError<[string, string]>(
  'AIO_ERR_PASSWORD', 'Invalid password: expected %s, got %s', 500, TypeError)
