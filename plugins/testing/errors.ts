/**
 * What is wrong with a test, or with what it tests.
 *
 * @module
 */

import createError from '@fastify/error'

/** A request nobody expected. Arguments: method and URL, what was expected. */
export const AIO_ERR_MOCK_UNEXPECTED = createError<[string, string]>(
  'AIO_ERR_MOCK_UNEXPECTED', 'Unexpected request %s: %s')

/** Expectations that were not met. Argument: which. */
export const AIO_ERR_MOCK_UNUSED = createError<[string]>('AIO_ERR_MOCK_UNUSED', 'Not as expected: %s')

/** An app that cannot be served for a test. Argument: why. */
export const AIO_ERR_TEST_APP = createError<[string]>('AIO_ERR_TEST_APP', 'Cannot serve the app: %s')

/** A URL where a path is meant. Argument: what came. */
export const AIO_ERR_TEST_URL = createError<[string]>(
  'AIO_ERR_TEST_URL', 'Invalid path %s: expected one on the test server, such as "/users"; other servers are for a ' +
  'ClientSession of your own', 500, TypeError)
