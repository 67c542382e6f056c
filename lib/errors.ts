/**
 * Every usage error of the package on one page: wrong option, wrong order, wrong value.
 *
 * For the developer who calls us. What a client gets told is an `HTTPException` (plugins/exceptions).
 *
 * @module
 */

import createError from '@fastify/error'

/** An option that does not exist. Arguments: option, where, what is allowed. */
export const AIO_ERR_OPTION_UNKNOWN = createError<[string, string, string]>(
  'AIO_ERR_OPTION_UNKNOWN', 'Unknown option "%s" for %s: allowed are %s', 500, TypeError)

/** An option of the wrong type or out of range. Arguments: option, where, what was expected, what came. */
export const AIO_ERR_OPTION_INVALID = createError<[string, string, string, string]>(
  'AIO_ERR_OPTION_INVALID', 'Invalid option "%s" for %s: expected %s, got %s', 500, TypeError)

/** An argument of the wrong type or out of range. Arguments: argument, where, what was expected, what came. */
export const AIO_ERR_ARGUMENT_INVALID = createError<[string, string, string, string]>(
  'AIO_ERR_ARGUMENT_INVALID', 'Invalid %s for %s: expected %s, got %s', 500, TypeError)

/** A header name that is no token (RFC 9110, section 5.1). Argument: the name. */
export const AIO_ERR_HEADER_NAME = createError<[string]>(
  'AIO_ERR_HEADER_NAME', 'Invalid header name %s: expected a token of RFC 9110', 500, TypeError)

/** A header value with CR, LF or another control character. Arguments: header, value. */
export const AIO_ERR_HEADER_VALUE = createError<[string, string]>(
  'AIO_ERR_HEADER_VALUE', 'Invalid value for header "%s": expected no control characters, got %s',
  500, TypeError)

/** A reason phrase with CR, LF or another control character. Argument: the phrase. */
export const AIO_ERR_REASON = createError<[string]>(
  'AIO_ERR_REASON', 'Invalid reason phrase: expected no control characters, got %s', 500, TypeError)
