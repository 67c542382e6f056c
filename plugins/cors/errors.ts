/**
 * Usage errors of CORS.
 *
 * @module
 */

import createError from '@fastify/error'

/** A path that cannot be configured for CORS. Arguments: path, why. */
export const AIO_ERR_CORS_PATH = createError<[string, string]>(
  'AIO_ERR_CORS_PATH', 'Cannot configure CORS for "%s": %s')
