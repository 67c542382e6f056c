/**
 * An app that is made ready to be looked at: its startup runs, but it serves nobody.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { loadApp } from '../server/load.ts'

/** Loads `module[:export]`, makes it ready, looks, and closes it. @throws what loading and starting throw */
export async function lookAt<T> (module: string, look: (app: FastifyInstance) => T | Promise<T>): Promise<T> {
  // A drive letter of Windows has a colon, too.
  const [, file = module, exportName] = /^(.{2,}?)(?::([^:\\/]+))?$/.exec(module) ?? []
  const app = await loadApp({ module: file, ...exportName === undefined ? {} : { exportName } })
  try {
    await app.ready()
    return await look(app)
  } finally {
    await app.close()
  }
}
