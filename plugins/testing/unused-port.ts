/**
 * A port that nobody listens at.
 *
 * @module
 */

import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/**
 * A free TCP port, aiohttp's `unused_port()`: for what has to be told its port before it listens. Another process may
 * take it in between: where port 0 will do, it is better.
 *
 * @throws the system's error for a host that is not here
 */
export async function unusedPort (host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
