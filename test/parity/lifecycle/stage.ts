/**
 * Builds applications from their description; their hooks and handlers do what it says.
 *
 * @module
 */

import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { Actor, type Scene } from './actions.ts'
import { failure, isCancellation } from './failure.ts'
import { registerPlugins, runnerKey, type CleanupContext, type WebSocketResponse } from './library.ts'
import type { AppSpec, ContextPart, HookPart, Part, RoutePart } from './scenario.ts'

/** What the stage writes to. */
export interface Notes {
  add (event: string): void
}

/** Where a runner has begun to cancel handlers. */
const late = new Set(['cancel', 'kill', 'cleanup', 'closed'])

/** The applications of one scenario, and what their actions share. */
export class Stage {
  readonly notes: Notes
  readonly apps = new Map<string, FastifyInstance>()
  readonly specs = new Map<string, AppSpec>()
  readonly sockets = new Set<WebSocketResponse>()
  readonly actor: Actor
  /** Whether handlers are cancelled when their client leaves. */
  readonly #handlerCancellation: boolean

  constructor (notes: Notes, { handlerCancellation = false } = {}) {
    this.notes = notes
    this.actor = new Actor(this)
    this.#handlerCancellation = handlerCancellation
  }

  /** Makes the root application; sub-applications are there when it is awaited. */
  async build (spec: AppSpec, { endTasks = false } = {}): Promise<FastifyInstance> {
    const app = Fastify()
    await registerPlugins(app)
    // A process ends the tasks that are still running when its app has been closed.
    if (endTasks) app.addHook('onClose', async () => { await this.actor.endTasks() })
    this.fill(app, spec)
    await app.after()
    return app
  }

  /** Adds the parts of an application, in their order. */
  fill (app: FastifyInstance, spec: AppSpec): void {
    this.apps.set(spec.name, app)
    this.specs.set(spec.name, spec)
    for (const part of spec.parts) this.#add(app, part)
  }

  #add (app: FastifyInstance, part: Part): void {
    if ('subapp' in part) {
      app.addSubapp(part.subapp, async (child: FastifyInstance) => { this.fill(child, part.app) })
    } else if ('route' in part) {
      const [method = '', path = ''] = part.route.split(' ')
      app.addRoute(method, path, this.handler(part))
    } else if (part.hook === 'cleanup_ctx') {
      app.cleanupContext(this.context(part))
    } else {
      const hook = this.hook(part)
      if (part.hook === 'startup') app.onStartup(hook)
      else if (part.hook === 'shutdown') app.onShutdown(hook)
      else app.onCleanup(hook)
    }
  }

  /** A receiver that tells of itself. */
  hook ({ hook, name, does }: HookPart): () => Promise<void> {
    return async () => {
      this.notes.add(`${hook} ${name}`)
      try {
        await this.actor.do(does, {})
      } catch (error) {
        if (isCancellation(error)) this.notes.add(`${hook} ${name} cancelled`)
        throw error
      }
      if (does !== undefined) this.notes.add(`${hook} ${name} done`)
    }
  }

  context ({ name, enter, exit, style = 'generator' }: ContextPart): CleanupContext<FastifyInstance> {
    const come = async () => {
      this.notes.add(`enter ${name}`)
      await this.actor.do(enter, {})
    }
    const leave = async () => {
      this.notes.add(`exit ${name}`)
      await this.actor.do(exit, {})
    }
    return contexts[style](come, leave)
  }

  handler ({ route, does = ['text ok'] }: RoutePart): (request: FastifyRequest) => Promise<unknown> {
    const name = route.split(' ')[1]
    return async request => {
      this.notes.add(`request ${name}`)
      let answer: unknown
      try {
        answer = await this.actor.do(does, { request, signal: this.#signalOf(request) })
      } catch (error) {
        this.notes.add(`request ${name} ${isCancellation(error) ? 'cancelled' : `raised ${failure(error)}`}`)
        throw error
      }
      this.notes.add(`request ${name} done`)
      return answer
    }
  }

  /** Aborts when the runner cancels what is left; when the client leaves only if the scenario asks for it. */
  #signalOf (request: FastifyRequest): Scene['signal'] {
    const { signal, server: { state } } = request
    if (this.#handlerCancellation) return signal
    const cancel = new AbortController()
    signal.addEventListener('abort', () => {
      if (late.has(state.get(runnerKey).phase)) cancel.abort(signal.reason)
    })
    return cancel.signal
  }
}

type Half = () => Promise<void>

/** The styles of cleanup contexts, with their two parts. */
const contexts: Record<
  NonNullable<ContextPart['style']>, (come: Half, leave: Half) => CleanupContext<FastifyInstance>
> = {
  generator: (come, leave) => async function * () {
    await come()
    yield
    await leave()
  },
  finally: (come, leave) => async function * () {
    await come()
    try {
      yield
    } finally {
      await leave()
    }
  },
  manager: (come, leave) => async () => {
    await come()
    return { [Symbol.asyncDispose]: leave }
  },
  twice: (come, leave) => async function * () {
    await come()
    yield
    await leave()
    yield
  },
  never: come => async function * () { await come() }
}
