/** What most tests need: apps that close themselves. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'

/** A fresh app that closes itself when the test ends. */
export function build (t: Test, options?: FastifyServerOptions): FastifyInstance {
  const app = Fastify(options)
  t.teardown(() => app.close())
  return app
}

/** A folder with a short path, as Unix sockets need it, removed when the test ends. */
export function shortFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 't-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
