/**
 * Usage errors of server-sent events.
 *
 * @module
 */

import createError from '@fastify/error'

/** A field of an event that cannot be sent. Arguments: field, what was expected, what came. */
export const AIO_ERR_EVENT_FIELD = createError<[string, string, string]>(
  'AIO_ERR_EVENT_FIELD', 'Invalid "%s" of a server-sent event: expected %s, got %s', 500, TypeError)

/** What was yielded or returned is not a source of events. Argument: what came. */
export const AIO_ERR_EVENT_SOURCE = createError<[string]>(
  'AIO_ERR_EVENT_SOURCE', 'Invalid source of events for app.sse(): expected an async iterable, got %s', 500, TypeError)
