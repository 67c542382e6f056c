/**
 * Usage errors of the access log.
 *
 * @module
 */

import createError from '@fastify/error'

/** A format with something behind `%` that is no atom. Arguments: what, where (from 0), the atoms there are. */
export const AIO_ERR_ACCESS_LOG_FORMAT = createError<[string, number, string]>(
  'AIO_ERR_ACCESS_LOG_FORMAT', 'Unknown atom "%s" at position %d of the access log format: there are %s', 500, TypeError)

/** A logger of one's own that is none. Argument: what came. */
export const AIO_ERR_ACCESS_LOGGER = createError<[string]>(
  'AIO_ERR_ACCESS_LOGGER',
  'Invalid access logger: expected a function, or a class or an object with log(request, reply, time), got %s', 500, TypeError)
