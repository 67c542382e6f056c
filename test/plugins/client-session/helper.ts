/**
 * Servers for the tests of the client.
 *
 * @module
 */

import { createServer, type RequestListener } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { ClientSession, type SessionOptions } from '../../../plugins/client-session/index.ts'

/** A session that is closed when the test ends. */
export function openSession (t: Test, options?: SessionOptions): ClientSession {
  const session = new ClientSession(options)
  t.teardown(() => session.close())
  return session
}

/** The origin of an HTTP server that ends with the test. */
export async function serve (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The same for a server that speaks for itself: called with each request it gets, head and body in one. */
export async function speak (
  t: Test, answer: (request: string, socket: net.Socket) => void
): Promise<{ origin: string, connections: () => number }> {
  let connections = 0
  const sockets = new Set<net.Socket>()
  const server = net.createServer(socket => {
    connections++
    sockets.add(socket)
    let seen = ''
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', data => {
      seen += data.toString('latin1')
      for (;;) {
        const end = seen.indexOf('\r\n\r\n')
        const length = Number(/content-length: (\d+)/i.exec(seen.slice(0, end))?.[1] ?? 0)
        if (end === -1 || seen.length < end + 4 + length) return
        const request = seen.slice(0, end + 4 + length)
        seen = seen.slice(end + 4 + length)
        answer(request, socket)
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections }
}
