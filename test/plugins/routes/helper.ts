/** Apps with routes, and handlers that tell which of them answered. */

import type { FastifyRequest, FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import exceptions from '../../../plugins/exceptions/index.ts'
import routes, { route, type AddGetOptions } from '../../../plugins/routes/index.ts'
import signals from '../../../plugins/signals/index.ts'
import state from '../../../plugins/state.ts'
import { build } from '../../helper.ts'

export { rewriteUrl } from '../../../plugins/routes/index.ts'
export default routes

/** An app with the plugin and what it builds on. */
export async function buildRoutes (t: Test, options?: FastifyServerOptions) {
  const app = build(t, options)
  await app.register(state)
  await app.register(signals)
  await app.register(exceptions)
  await app.register(routes)
  return app
}

/** A route that answers its label and what it captured. */
export function jsonRoute (method: string, path: string, label: string, options?: AddGetOptions) {
  return route(method, path, labelled(label), options)
}

/** A handler that answers its label and what it captured. */
export function labelled (label: string) {
  return async (request: FastifyRequest) => ({ label, match: { ...request.matchInfo } })
}
