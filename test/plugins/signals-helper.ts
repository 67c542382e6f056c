/** A tree of apps that notes what was called. */

import type { Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import signals from '../../plugins/signals/index.ts'
import { build } from '../helper.ts'

/** An app whose three nested contexts each add one receiver of every signal. */
export async function tree (t: Test, log: string[], does: (step: string) => unknown, hookTimeout = 1000) {
  const app = build(t)
  t.teardown(() => app.close().catch(() => {}))
  await app.register(signals, { hookTimeout })
  const step = (name: string) => {
    log.push(name)
    return does(name)
  }
  const add = (app: FastifyInstance, id: number) => {
    // Against the order in which they run, so that the order is the work of the plugin.
    app.onCleanup(() => step(`cleanup ${id}`))
    app.onShutdown(() => step(`shutdown ${id}`))
    app.onStartup(() => step(`startup ${id}`))
    app.cleanupContext(async () => {
      await step(`enter ${id}`)
      return { [Symbol.asyncDispose]: async () => { await step(`exit ${id}`) } }
    })
  }
  add(app, 0)
  await app.register(async child => {
    add(child, 1)
    await child.register(async grandchild => add(grandchild, 2))
  })
  return app
}

export const up = ['enter 0', 'enter 1', 'enter 2', 'startup 0', 'startup 1', 'startup 2']
export const exits = ['exit 2', 'exit 1', 'exit 0']
export const down = ['shutdown 0', 'shutdown 1', 'shutdown 2', ...exits, 'cleanup 0', 'cleanup 1', 'cleanup 2']
export const boom = () => Object.assign(new Error('boom'), { code: 'BOOM' })

export const variants: { name: string, does: () => unknown, code?: string }[] = [
  { name: 'sync', does: () => {} },
  { name: 'async', does: async () => {} },
  { name: 'throws sync', does: () => { throw boom() }, code: 'BOOM' },
  { name: 'rejects', does: () => Promise.reject(boom()), code: 'BOOM' },
  { name: 'never settles', does: () => new Promise(() => {}), code: 'AIO_ERR_HOOK_TIMEOUT' },
  { name: 'settles late', does: () => new Promise(resolve => setImmediate(resolve)) },
  { name: 'fails after its limit', does: () => new Promise((_resolve, reject) => setTimeout(reject, 60, boom())), code: 'AIO_ERR_HOOK_TIMEOUT' },
  { name: 'returns truthy', does: () => 42 },
  { name: 'resolves truthy', does: async () => boom() },
  // eslint-disable-next-line no-throw-literal
  { name: 'throws a string', does: () => { throw 'boom' }, code: 'AIO_ERR_HOOK_THROWN' },
  { name: 'rejects with undefined', does: () => Promise.reject(), code: 'AIO_ERR_HOOK_THROWN' } // eslint-disable-line prefer-promise-reject-errors
]
