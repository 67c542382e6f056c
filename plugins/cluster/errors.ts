/**
 * The usage errors of a cluster.
 *
 * @module
 */

import createError from '@fastify/error'

/** A master in a process that is a worker itself. Argument: what was asked for. */
export const AIO_ERR_CLUSTER_NOT_PRIMARY = createError<[string]>(
  'AIO_ERR_CLUSTER_NOT_PRIMARY', 'Cannot %s: this process is itself a worker of a cluster')

/** A worker outside of a cluster. */
export const AIO_ERR_CLUSTER_NOT_WORKER = createError(
  'AIO_ERR_CLUSTER_NOT_WORKER', 'Cannot run as a worker: this process was not forked by a ClusterMaster')

/** Something asked of a master that does not run. Argument: what was asked for. */
export const AIO_ERR_CLUSTER_NOT_RUNNING = createError<[string]>(
  'AIO_ERR_CLUSTER_NOT_RUNNING', 'Cannot %s: the master has not started or is stopping')

/** Workers that do not become ready at the start. Argument: how the first of them ended. */
export const AIO_ERR_CLUSTER_BOOT = createError<[string]>(
  'AIO_ERR_CLUSTER_BOOT', 'Cannot start the workers: %s')

/** Workers that die again and again. Arguments: how often in a row, how the last one ended. */
export const AIO_ERR_CLUSTER_CRASH_LOOP = createError<[number, string]>(
  'AIO_ERR_CLUSTER_CRASH_LOOP', 'Gave up after %d workers in a row that did not live long: %s')

/** A reload whose new worker does not become ready; the old ones serve on. Argument: how it ended. */
export const AIO_ERR_CLUSTER_RELOAD = createError<[string]>(
  'AIO_ERR_CLUSTER_RELOAD', 'Cannot reload: %s')

/** A PID file of a process that lives. Arguments: file, the process. */
export const AIO_ERR_PID_FILE = createError<[string, number]>(
  'AIO_ERR_PID_FILE', 'Cannot write the PID file "%s": it belongs to process %d, which is running')
