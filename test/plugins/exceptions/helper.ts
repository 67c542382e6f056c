/** An app whose route throws. */

import type { Test } from 'tap'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import exceptions, * as all from '../../../plugins/exceptions/index.ts'
import { build } from '../../helper.ts'

/** An app with the plugin whose `GET /` throws what `make` gives; `GET /returned` returns it. */
export async function throwing (
  t: Test, make: () => unknown, options: all.ExceptionsOptions = {}, fastify?: FastifyServerOptions
): Promise<FastifyInstance> {
  const app = build(t, fastify)
  await app.register(exceptions, options)
  app.get('/', async () => { throw make() })
  app.get('/returned', async () => make())
  app.get('/sync', () => { throw make() })
  return app
}
