/**
 * Usage errors of requests and their bodies.
 *
 * @module
 */

import createError from '@fastify/error'

/** A body that broke off: the client went away, or it was given up after an error. */
export const AIO_ERR_BODY_ABORTED = createError<[]>(
  'AIO_ERR_BODY_ABORTED', 'Cannot read the body to its end: the connection was closed, or the body given up', 400)

/** A body that Fastify parsed before the handler ran. Arguments: what was asked for. */
export const AIO_ERR_BODY_PARSED = createError<[string]>(
  'AIO_ERR_BODY_PARSED',
  'Cannot use %s: Fastify has parsed the body into request.body; call app.lazyBodies() before the routes that read it')

/** A request cloned after its body was read. */
export const AIO_ERR_CLONE_READ = createError<[]>(
  'AIO_ERR_CLONE_READ', 'Cannot clone a request after its body was read')

/** An uploaded file used after the response. Argument: the file's name. */
export const AIO_ERR_FILE_CLOSED = createError<[string]>(
  'AIO_ERR_FILE_CLOSED', 'Cannot read the uploaded file "%s": it was removed when the response was finished')
