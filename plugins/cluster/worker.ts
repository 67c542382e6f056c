/**
 * The worker's side: an app under a runner, and a line to the master.
 *
 * @module
 */

import cluster from 'node:cluster'
import { runApp, type AppSource, type RunAppOptions } from '../runner/index.ts'
import { AIO_ERR_CLUSTER_NOT_WORKER } from './errors.ts'
import { MasterLine } from './master-line.ts'
import { ORDERS, type AddressOrders, type WorkerOrders } from './messages.ts'
import { SharedPathSite } from './shared-path-site.ts'

/** Options of `runWorker`: those of `runApp`, except what belongs to the master. */
export type RunWorkerOptions = Omit<RunAppOptions, 'handleSignals' | 'print' | 'signal' | 'sites'>

/**
 * Runs an app as a worker of a `ClusterMaster`, until the master stops it or is gone.
 *
 * @throws AIO_ERR_CLUSTER_NOT_WORKER outside of a cluster, and what `runApp` throws
 */
export async function runWorker (app: AppSource, options: RunWorkerOptions = {}): Promise<void> {
  const orders = readOrders()
  const { addresses, title } = orders
  if (title !== undefined) process.title = `${title}: worker`
  const line = new MasterLine(orders)
  try {
    await runApp(app, {
      ...addresses === null ? options : atAddresses(options, addresses),
      signal: line.signal,
      sites (runner) {
        line.begin(runner)
        return (addresses?.paths ?? []).map(shared => new SharedPathSite(runner, shared, options))
      },
      print: banner => line.ready(banner)
    })
  } finally {
    line.hangUp()
  }
}

/** The orders of the master that has forked this process. */
function readOrders (): WorkerOrders {
  const text = process.env[ORDERS]
  if (!cluster.isWorker || text === undefined) throw new AIO_ERR_CLUSTER_NOT_WORKER()
  // A cluster that the app itself makes is none of this master's.
  delete process.env[ORDERS]
  return JSON.parse(text) as WorkerOrders
}

/** The options with the addresses that the master looks after. */
function atAddresses (options: RunWorkerOptions, { port, fds }: AddressOrders): RunWorkerOptions {
  const { host, path: _path, port: _port, sock, ...rest } = options
  const tcp = port === undefined ? {} : { port, ...host === undefined ? {} : { host } }
  // systemd's variables name the master: a worker would not find the sockets itself.
  const sockets = fds.length > 0 ? fds.map(fd => ({ fd })) : sock
  return { ...rest, ...tcp, ...sockets === undefined ? {} : { sock: sockets } }
}
