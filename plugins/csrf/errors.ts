/**
 * Usage errors of the protection against forged requests.
 *
 * @module
 */

import createError from '@fastify/error'

/** A token has to be kept somewhere. */
export const AIO_ERR_CSRF_STORAGE = createError(
  'AIO_ERR_CSRF_STORAGE', 'Cannot keep tokens of the csrf plugin: register the sessions plugin before it, or give it ' +
  'keys for a cookie of its own')

/** A token is asked for where there are none. */
export const AIO_ERR_CSRF_MISSING = createError(
  'AIO_ERR_CSRF_MISSING', 'Cannot get a token: register the csrf plugin in the app of the route')

/** A token that would have to be set with a cookie, on a reply that is not known. Arguments: method, URL. */
export const AIO_ERR_CSRF_REPLY = createError<[string, string]>(
  'AIO_ERR_CSRF_REPLY', 'Cannot set the cookie of %s %s without its reply: give it, csrfToken(request, reply)')
