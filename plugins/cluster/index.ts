/**
 * A pre-fork master: several processes behind one address, restarted, reloaded and stopped without losing a request.
 * What gunicorn is to aiohttp, on `node:cluster`.
 *
 * @module
 */

export { type SharedAddresses } from './addresses.ts'
export {
  AIO_ERR_CLUSTER_BOOT, AIO_ERR_CLUSTER_CRASH_LOOP, AIO_ERR_CLUSTER_NOT_PRIMARY, AIO_ERR_CLUSTER_NOT_RUNNING,
  AIO_ERR_CLUSTER_NOT_WORKER, AIO_ERR_CLUSTER_RELOAD, AIO_ERR_PID_FILE
} from './errors.ts'
export { type ClusterEvent, type ClusterLog, type WorkerCounts } from './log.ts'
export { ClusterMaster, type MasterPhase, type MasterReport } from './master.ts'
export { type ClusterOptions } from './options.ts'
export { runCluster, type RunClusterOptions } from './run-cluster.ts'
export { runWorker, type RunWorkerOptions } from './worker.ts'
export { type WorkerState } from './worker-process.ts'
