/**
 * Usage errors of jobs.
 *
 * @module
 */

import createError from '@fastify/error'

/** A job for a scheduler that takes none any more. Argument: the job's name. */
export const AIO_ERR_SCHEDULER_CLOSED = createError<[string]>(
  'AIO_ERR_SCHEDULER_CLOSED', 'Cannot spawn the job "%s": the scheduler is closed')

/** A job that was not finished in time. Arguments: its name, the limit in milliseconds. */
export const AIO_ERR_JOB_TIMEOUT = createError<[string, number]>(
  'AIO_ERR_JOB_TIMEOUT', 'The job "%s" did not end within %s ms')

/** A job that was closed before it had begun. Argument: its name. */
export const AIO_ERR_JOB_CLOSED = createError<[string]>(
  'AIO_ERR_JOB_CLOSED', 'The job "%s" was closed before it had begun')
