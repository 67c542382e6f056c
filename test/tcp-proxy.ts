/** A server in between that can be taken away, brought back and made to hang: what happens to networks. */

import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface TCPProxy {
  readonly port: number
  /** Breaks every connection and refuses new ones. */
  cut (): Promise<void>
  /** Takes connections again, on the same port. */
  restore (): Promise<void>
  /** Passes nothing on any more, without breaking anything. */
  stall (): void
}

/** A way to `host:port`, closed when the test ends. */
export async function tcpProxy (t: Test, host: string, port: number): Promise<TCPProxy> {
  const sockets = new Set<Socket>()
  let stalled = false
  const server = net.createServer(client => {
    const target = net.connect(port, host)
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => { sockets.delete(socket) })
    }
    if (stalled) return
    client.pipe(target).pipe(client)
  })
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
  }
  const cut = async () => {
    const closed = server.listening ? once(server, 'close') : undefined
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
    await closed
  }
  await listen(0)
  const address = server.address() as AddressInfo
  t.teardown(cut)
  return {
    port: address.port,
    cut,
    restore: async () => { stalled = false; await listen(address.port) },
    stall: () => {
      stalled = true
      for (const socket of sockets) socket.unpipe().pause()
    }
  }
}
