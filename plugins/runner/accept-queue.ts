/**
 * Lets the kernel's accept queue run dry before a listener is closed, for closing it resets what waits there.
 *
 * libuv accepts one connection in each turn of the event loop, so under load the queue is longest just when the
 * process is told to stop.
 *
 * @module
 */

import type { Server } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connections } from './connections.ts'

/** How long to wait for a quiet moment at most, in milliseconds. */
const PATIENCE = 1000

/** A turn shorter than this, in milliseconds, left no time for connections to queue up. */
const QUIET_TURN = 0.15

/**
 * Waits until a turn of the event loop accepted nothing and was too short for anything to have queued up, a second
 * has passed, or `skip` aborts.
 */
export async function runDry (
  servers: readonly Server[], connections: Connections, skip?: AbortSignal
): Promise<void> {
  for (const server of servers) refuseMore(server)
  const begin = performance.now()
  let turns = 0
  while (servers.length > 0 && skip?.aborted !== true) {
    const { accepted } = connections
    const turnBegin = performance.now()
    await nextTurn()
    const now = performance.now()
    turns += 1
    // On a busy machine turns are never that short: expect a little less of each.
    const quiet = now - turnBegin < QUIET_TURN + turns * 0.001
    // The first turn may be the rest of one that has been to the kernel before: it says nothing.
    if ((turns > 1 && quiet && connections.accepted === accepted) || now - begin > PATIENCE) return
  }
}

/** What a listening handle of Node offers; internal, so it may be missing. */
interface ListeningHandle {
  listen? (backlog: number): number
}

/** Tells the kernel to queue no more; where Node's handle does not offer it, the waiting alone has to do. */
function refuseMore (server: Server): void {
  const handle = (server as Server & { _handle?: ListeningHandle | null })._handle
  if (typeof handle?.listen === 'function') handle.listen(0)
}
