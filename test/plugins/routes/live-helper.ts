/** An app that has started. */

import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import bundle from '../../../app.ts'
import { build } from '../../helper.ts'

export async function started (
  t: Test, prepare: (app: FastifyInstance) => unknown = () => {}
): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(bundle)
  await prepare(app)
  await app.ready()
  return app
}

export async function ask (app: FastifyInstance, method: string, url: string, options: InjectOptions = {}) {
  const { statusCode, body, headers } = await app.inject({ ...options, method: method as 'GET', url })
  return { status: statusCode, body, headers }
}
