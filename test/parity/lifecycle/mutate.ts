/**
 * `mutate APP WHAT`: changes an application, early or late, and notes how that went.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { AppKey } from './library.ts'
import { failure } from './failure.ts'
import type { Stage } from './stage.ts'

type Change = (app: FastifyInstance, stage: Stage, name: string) => void

const nothing = async () => {}

const changes: Readonly<Record<string, Change>> = {
  on_startup: (app, stage) => app.onStartup(stage.hook({ hook: 'startup', name: 'late' })),
  on_shutdown: (app, stage) => app.onShutdown(stage.hook({ hook: 'shutdown', name: 'late' })),
  on_cleanup: (app, stage) => app.onCleanup(stage.hook({ hook: 'cleanup', name: 'late' })),
  on_response_prepare: app => app.onResponsePrepare(nothing),
  cleanup_ctx: (app, stage) => app.cleanupContext(stage.context({ hook: 'cleanup_ctx', name: 'late' })),
  middlewares: app => app.addMiddleware(async (request, handler) => await handler(request)),
  route: (app, stage) => app.addGet('/late', stage.handler({ route: 'GET /late' })),
  state: app => app.state.set(new AppKey<number>('late'), 1),
  subapp: app => app.addSubapp('/late', nothing),
  'subapp-empty-prefix': app => app.addSubapp('/', nothing),
  // @ts-expect-error the wrong type
  'subapp-wrong-prefix': app => app.addSubapp(null, nothing),
  'subapp-named': (app, stage, name) => {
    const spec = stage.specs.get(name)
    if (spec === undefined) throw new Error(`There is no application "${name}"`)
    app.addSubapp('/other', async (child: FastifyInstance) => { stage.fill(child, spec) })
  }
}

/** The words that may follow the name of an application. */
export const mutations = Object.keys(changes)

/** Changes the application called `name`; whatever comes of it is noted. */
export function mutate (stage: Stage, name: string, what: string): void {
  const app = stage.apps.get(name)
  const [word = '', other = ''] = what.split(' ')
  const change = changes[word]
  if (app === undefined || change === undefined) throw new Error(`Cannot mutate "${name}": "${what}"`)
  try {
    change(app, stage, other)
    stage.notes.add(`mutate ${name} ${what} ok`)
  } catch (error) {
    stage.notes.add(`mutate ${name} ${what} raised ${failure(error)}`)
  }
}
