/**
 * Sockets that are not of the server under test: somebody else's port, a path whose server has died.
 *
 * @module
 */

import { link, rename } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'

/** Leaves a socket file behind that nobody listens at. */
export async function bindStale (file: string): Promise<void> {
  const server = createServer()
  await new Promise<void>(resolve => { server.listen(`${file}.bound`, resolve) })
  // Node removes the path it has bound; another name of the same socket stays.
  await link(`${file}.bound`, `${file}.kept`)
  await new Promise(resolve => { server.close(resolve) })
  await rename(`${file}.kept`, file)
}

/** The number of the port that a server listens at. */
export function portOf (server: Server): number {
  return (server.address() as AddressInfo).port
}

/** A server of `node:net` at a port of this machine; 0 lets the system choose. */
export async function bind (port: number): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}
