/**
 * Usage errors of the openapi plugin.
 *
 * @module
 */

import createError from '@fastify/error'

/** A package that is not installed. Argument: its name. */
export const AIO_ERR_OPENAPI_PACKAGE = createError<[string]>(
  'AIO_ERR_OPENAPI_PACKAGE', 'The openapi plugin needs a package that is not installed: npm install %s')

/** A description that cannot be read. Arguments: where, what is wrong. */
export const AIO_ERR_OPENAPI_FILE = createError<[string, string]>(
  'AIO_ERR_OPENAPI_FILE', 'Cannot read the OpenAPI description %s: %s')

/** A description that is wrong. Argument: the problems, one a line. */
export const AIO_ERR_OPENAPI_SPEC = createError<[string]>(
  'AIO_ERR_OPENAPI_SPEC', 'The OpenAPI description is wrong:\n%s')

/** An operation the description does not have. Arguments: what was asked for, what there is. */
export const AIO_ERR_OPENAPI_OPERATION = createError<[string, string]>(
  'AIO_ERR_OPENAPI_OPERATION', 'The OpenAPI description has no operation "%s": there are %s')

/** An operation that was given two handlers. Argument: the operation. */
export const AIO_ERR_OPENAPI_HANDLED = createError<[string]>(
  'AIO_ERR_OPENAPI_HANDLED', 'The operation "%s" has a handler already')

/** Operations nobody answers. Argument: the operations. */
export const AIO_ERR_OPENAPI_UNHANDLED = createError<[string]>(
  'AIO_ERR_OPENAPI_UNHANDLED', 'No handler for these operations of the OpenAPI description: %s')

/** A response that is not as described. Arguments: operation, status, what is wrong. */
export const AIO_ERR_OPENAPI_RESPONSE = createError<[string, number, string]>(
  'AIO_ERR_OPENAPI_RESPONSE', 'The response of "%s" with status %d is not as described: %s')
