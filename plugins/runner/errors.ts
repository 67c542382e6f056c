/**
 * Usage errors of swapping apps.
 *
 * @module
 */

import createError from '@fastify/error'

/** An app that cannot be swapped in. Argument: why. */
export const AIO_ERR_SWAP_APP = createError<[string]>(
  'AIO_ERR_SWAP_APP', 'Cannot swap in this app: %s; expected a new app that nobody has served yet')
