/**
 * Mistakes in using the client: wrong option, wrong order, wrong value. For the developer; failures of requests
 * are in errors.ts.
 *
 * @module
 */

import createError from '@fastify/error'

/** A session used after its end. */
export const AIO_ERR_CLIENT_CLOSED = createError<[]>('AIO_ERR_CLIENT_CLOSED', 'Session is closed')

/** A fingerprint that is no SHA-256. Argument: what came. */
export const AIO_ERR_CLIENT_FINGERPRINT = createError<[string]>(
  'AIO_ERR_CLIENT_FINGERPRINT', 'Invalid fingerprint: expected the 32 bytes of a SHA-256, got %s', 500, TypeError)

/** A method that is no token. Argument: what came. */
export const AIO_ERR_CLIENT_METHOD = createError<[string]>(
  'AIO_ERR_CLIENT_METHOD', 'Invalid method: expected a token of RFC 9110, got %s', 500, TypeError)

/** A base URL that cannot be one. Arguments: the URL, why. */
export const AIO_ERR_CLIENT_BASE_URL = createError<[string, string]>(
  'AIO_ERR_CLIENT_BASE_URL', 'Invalid baseUrl %s: %s', 500, TypeError)

/** Two headers or options that contradict each other. Arguments: the one, the other. */
export const AIO_ERR_CLIENT_CONFLICT = createError<[string, string]>(
  'AIO_ERR_CLIENT_CONFLICT', 'Cannot use %s together with %s: expected one of them', 500, TypeError)

/** The encoding of a response that is not known before its body. */
export const AIO_ERR_CLIENT_NOT_READ = createError<[]>(
  'AIO_ERR_CLIENT_NOT_READ', 'Cannot tell the encoding: read the body first')

/** A file of cookies that cannot be read. Arguments: its path, why. */
export const AIO_ERR_COOKIE_FILE = createError<[string, string]>(
  'AIO_ERR_COOKIE_FILE', 'Cannot load cookies from "%s": %s; the jar is as it was')
