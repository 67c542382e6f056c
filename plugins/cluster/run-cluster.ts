/**
 * One program that is both: in the first process a master, in those it forks a worker.
 *
 * @module
 */

import cluster from 'node:cluster'
import type { FastifyInstance } from 'fastify'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { checkOptions, describe, func } from '../../lib/options.ts'
import { hardDeadlineOf, runAppShape, type RunAppOptions } from '../runner/index.ts'
import { Addresses } from './addresses.ts'
import { ClusterMaster } from './master.ts'
import { handleMasterSignals } from './master-signals.ts'
import type { ClusterLog } from './log.ts'
import { clusterShape, type ClusterOptions } from './options.ts'
import { runWorker, type RunWorkerOptions } from './worker.ts'

/** How much longer than its own hard deadline a worker may live, in milliseconds. */
const KILL_GRACE = 2000

/** Options of `runCluster`: those of the master, and those of `runApp` for each worker. */
export interface RunClusterOptions extends Omit<ClusterOptions, 'log'>, Omit<RunWorkerOptions, 'log'> {
  /**
   * Takes what happens in the master, one event at a time; the runner of each worker has its app's log.
   *
   * @default a line of JSON on standard error
   */
  log?: ClusterLog
  /**
   * Prints the banner when all workers serve; `null` keeps quiet.
   *
   * @default console.log
   */
  print?: RunAppOptions['print']
}

const { signal: _signal, handleSignals: _handleSignals, sites: _sites, ...shapeOfWorker } = runAppShape
const shape = { ...shapeOfWorker, ...clusterShape }

/**
 * Forks this program, serves the app in each worker, and resolves when all of them have stopped.
 *
 * `createApp` is called in the workers only.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID; the error of an address that cannot be used;
 *   AIO_ERR_CLUSTER_BOOT, AIO_ERR_CLUSTER_CRASH_LOOP; in a worker what `runApp` throws
 */
export async function runCluster (
  createApp: () => FastifyInstance | PromiseLike<FastifyInstance>, options: RunClusterOptions = {}
): Promise<void> {
  checkOptions('runCluster', options, shape)
  if (!func.test(createApp)) {
    throw new AIO_ERR_ARGUMENT_INVALID('createApp', 'runCluster', 'a function that makes an app', describe(createApp))
  }
  const { master: masterOptions, worker: workerOptions, print = console.log } = split(options)
  if (cluster.isWorker) return await runWorker(createApp, workerOptions)

  const addresses = await claimAddresses(workerOptions)
  const killTimeout = hardDeadlineOf(workerOptions) + KILL_GRACE
  const master = new ClusterMaster({ killTimeout, ...masterOptions }, addresses)
  const forgetSignals = handleMasterSignals(master)
  try {
    await master.start()
    if (master.phase === 'running') print?.(master.banner)
    await master.stopped
  } finally {
    forgetSignals()
  }
}

interface Split {
  master: ClusterOptions
  worker: RunWorkerOptions
  print?: RunAppOptions['print']
}

function split ({ print, ...options }: RunClusterOptions): Split {
  const master: Record<string, unknown> = {}
  const worker: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) (key in clusterShape ? master : worker)[key] = value
  }
  return { master, worker, ...print === undefined ? {} : { print } }
}

/** The addresses of `runApp` with these options, at the first host. */
function claimAddresses ({ host, port, path, sock, tls, reusePort }: RunWorkerOptions): Promise<Addresses> {
  const elsewhere = path !== undefined || sock !== undefined
  const tcp = !elsewhere || host !== undefined || port !== undefined || reusePort === true
  return Addresses.claim({
    host: [host].flat()[0] || undefined,
    port: tcp ? port ?? (tls === undefined ? 8080 : 8443) : undefined,
    paths: path === undefined ? [] : [path].flat(),
    fds: sock === undefined ? [] : [sock].flat().flatMap(item => 'fd' in item ? [item.fd] : [])
  })
}
