/**
 * What the scenarios are played with: the parts of this package that have to do with the life of an app.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import exceptions from '../../../plugins/exceptions/index.ts'
import middlewares from '../../../plugins/middlewares/index.ts'
import requests from '../../../plugins/requests/index.ts'
import responses from '../../../plugins/responses/index.ts'
import routes from '../../../plugins/routes/index.ts'
import signals from '../../../plugins/signals/index.ts'
import state from '../../../plugins/state.ts'
import websockets from '../../../plugins/websockets/index.ts'

export { HTTPForbidden } from '../../../plugins/exceptions/index.ts'
export { Response, StreamResponse } from '../../../plugins/responses/index.ts'
export {
  AppRunner, runApp, runnerKey, ServerRunner, SockSite, TCPSite, UnixSite, type RunAppOptions, type RunnerOptions
} from '../../../plugins/runner/index.ts'
export type { CleanupContext } from '../../../plugins/signals/index.ts'
export { AppKey } from '../../../plugins/state.ts'
export { WebSocketResponse, WSCloseCode } from '../../../plugins/websockets/index.ts'

/** How long a websocket waits for the answer to its close, in milliseconds; so it was when aiohttp was recorded. */
export const closeTimeout = 400

/** Registers all plugins that the scenarios need. */
export async function registerPlugins (app: FastifyInstance): Promise<void> {
  await app.register(state)
  await app.register(signals)
  await app.register(exceptions, { format: 'aiohttp' })
  await app.register(requests)
  await app.register(responses)
  await app.register(middlewares)
  await app.register(routes)
  await app.register(websockets, { closeTimeout })
}
