/**
 * Usage errors of middlewares.
 *
 * @module
 */

import createError from '@fastify/error'

/** A middleware after routes. Arguments: middleware, the first route. */
export const AIO_ERR_MIDDLEWARE_LATE = createError<[string, string]>(
  'AIO_ERR_MIDDLEWARE_LATE', 'Cannot add the middleware "%s": there are routes already, such as %s; add it before them')

/** A middleware that forgot to return what the handler gave it. Argument: middleware. */
export const AIO_ERR_MIDDLEWARE_RESPONSE = createError<[string]>(
  'AIO_ERR_MIDDLEWARE_RESPONSE', 'The middleware "%s" returned undefined: expected a response')

/** Middlewares around a route of @fastify/websocket, which came later. Argument: the route. */
export const AIO_ERR_MIDDLEWARE_WEBSOCKET = createError<[string]>(
  'AIO_ERR_MIDDLEWARE_WEBSOCKET',
  'Cannot put middlewares around the websocket route "%s": register @fastify/websocket before the middlewares plugin')
