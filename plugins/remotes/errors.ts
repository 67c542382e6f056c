/**
 * Wrong use of the remotes plugin.
 *
 * @module
 */

import createError from '@fastify/error'

/** Two that say where a request comes from. Argument: the property of the request. */
export const AIO_ERR_REMOTES_PRESENT = createError<[string]>(
  'AIO_ERR_REMOTES_PRESENT',
  'Cannot replace request.%s: register remotes once in a context, and leave trustProxy out of the options of Fastify')
