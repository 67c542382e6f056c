/** What most tests need: apps that close themselves. */

import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'

/** A fresh app that closes itself when the test ends. */
export function build (t: Test, options?: FastifyServerOptions): FastifyInstance {
  const app = Fastify(options)
  t.teardown(() => app.close())
  return app
}
