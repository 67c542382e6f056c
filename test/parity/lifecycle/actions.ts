/**
 * The actions of hooks and handlers: small scripted things, one after the other.
 *
 * Cancelling is an AbortSignal: whoever waits throws when it aborts.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { cancelled, isCancellation, ScriptedError } from './failure.ts'
import {
  closeTimeout, HTTPForbidden, Response, StreamResponse, WebSocketResponse, WSCloseCode
} from './library.ts'
import { mutate } from './mutate.ts'
import type { Action, CancelAction, RepeatAction, SpawnAction } from './scenario.ts'
import type { Stage } from './stage.ts'

/** What actions work on: a request, where there is one. */
export interface Scene {
  readonly request?: FastifyRequest
  /** Aborts when the actions are cancelled. */
  readonly signal?: AbortSignal | undefined
}

/** Does the actions of one scenario. */
export class Actor {
  readonly #stage: Stage
  readonly #gates = new Map<string, PromiseWithResolvers<void>>()
  readonly #spent = new Set<string>()
  readonly #tasks = new Set<Promise<void>>()
  readonly #endOfTasks = new AbortController()

  constructor (stage: Stage) {
    this.#stage = stage
  }

  /** Does actions one after the other; gives the last answer. */
  async do (actions: readonly Action[] = [], scene: Scene, answer?: unknown): Promise<unknown> {
    for (const action of actions) {
      answer = typeof action === 'string'
        ? await this.#act(action, scene, answer)
        : await this.#block(action, scene, answer)
    }
    return answer
  }

  open (gate: string): void {
    this.#gate(gate).resolve()
  }

  /** Cancels the tasks that are still running, and waits for them. */
  async endTasks (): Promise<void> {
    this.#endOfTasks.abort()
    await Promise.all(this.#tasks)
  }

  async #act (action: string, scene: Scene, answer: unknown): Promise<unknown> {
    const [verb, rest] = split(action)
    const { signal } = scene
    if (verb === 'sleep') await pause(Number(rest), signal)
    else if (verb === 'note') this.#stage.notes.add(rest)
    else if (verb === 'raise') await raise(rest, scene)
    else if (verb === 'raise-once') await this.#raiseOnce(rest, scene)
    else if (verb === 'open') this.open(rest)
    else if (verb === 'wait') await unlessAborted(this.#gate(rest).promise, signal)
    else if (verb === 'mutate') this.#mutate(rest)
    else if (verb === 'close-websockets') await this.#closeWebSockets()
    else if (scene.request !== undefined) return await this.#answer(action, scene.request, signal, answer)
    else throw new Error(`"${verb}" needs a request`)
    return answer
  }

  /** Actions of handlers only. */
  async #answer (
    action: string, request: FastifyRequest, signal: AbortSignal | undefined, answer: unknown
  ): Promise<unknown> {
    const [verb, rest] = split(action)
    if (verb === 'text') return new Response({ text: rest })
    if (verb === 'stream') {
      const response = new StreamResponse(rest === '' ? {} : { headers: { 'content-type': rest } })
      await response.prepare(request)
      return response
    }
    if (verb === 'websocket') return await this.#websocket(request, rest === 'registered')
    if (verb === 'read') {
      const body = await unlessAborted(request.read(), signal)
      this.#stage.notes.add(`read ${body.length} bytes`)
    } else if (verb === 'chunk' && answer instanceof StreamResponse) await answer.write(rest)
    else throw new Error(`Unknown action "${action}"`)
    return answer
  }

  async #block (action: RepeatAction | SpawnAction | CancelAction, scene: Scene, answer: unknown): Promise<unknown> {
    if ('spawn' in action) {
      this.#tasks.add(this.#task(action))
    } else if ('repeat' in action) {
      const times = action.repeat ?? Infinity
      for (let count = 0; count < times; count++) answer = await this.do(action.does, scene, answer)
    } else {
      try {
        return await this.do(action.does, scene, answer)
      } catch (error) {
        if (!isCancellation(error)) throw error
        // What is cancelled once goes on undisturbed.
        const { signal: _, ...undisturbed } = scene
        answer = await this.do(action.onCancel, undisturbed, answer)
        if (action.swallow !== true) throw error
      }
    }
    return answer
  }

  async #task ({ spawn, does, cancelled = [] }: SpawnAction): Promise<void> {
    // As with asyncio, a task begins when whoever made it waits for something.
    await pause(0)
    const { notes } = this.#stage
    notes.add(`task ${spawn}`)
    try {
      await this.do(does, { signal: this.#endOfTasks.signal })
      notes.add(`task ${spawn} done`)
    } catch (error) {
      // Nobody hears of a task that fails.
      if (!isCancellation(error)) return
      notes.add(`task ${spawn} cancelled`)
      await this.do(cancelled, {})
    }
  }

  async #websocket (request: FastifyRequest, registered: boolean): Promise<WebSocketResponse> {
    const ws = new WebSocketResponse({ timeout: closeTimeout, origins: '*' })
    await ws.prepare(request)
    if (registered) this.#stage.sockets.add(ws)
    for await (const { data } of ws) await ws.sendStr(String(data))
    this.#stage.notes.add('websocket loop ended')
    return ws
  }

  async #closeWebSockets (): Promise<void> {
    for (const ws of this.#stage.sockets) await ws.close({ code: WSCloseCode.GOING_AWAY, message: 'Server shutdown' })
  }

  async #raiseOnce (what: string, scene: Scene): Promise<void> {
    if (this.#spent.has(what)) return
    this.#spent.add(what)
    await raise(what, scene)
  }

  #mutate (rest: string): void {
    const [app, what] = split(rest)
    mutate(this.#stage, app, what)
  }

  #gate (name: string): PromiseWithResolvers<void> {
    let gate = this.#gates.get(name)
    if (gate === undefined) this.#gates.set(name, gate = withResolvers())
    return gate
  }
}

/** The first word, and what follows the blank after it. */
export function split (text: string): [string, string] {
  const at = text.indexOf(' ')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

async function raise (what: string, { request }: Scene): Promise<never> {
  const [name, message] = split(what)
  if (name === 'HTTPForbidden') throw new HTTPForbidden()
  if (name === 'GracefulExit' && request !== undefined) return await stopProcess(request)
  throw new ScriptedError(name, message)
}

/** A handler that ends the server: as a signal would, and without an answer. */
function stopProcess ({ raw: { socket } }: FastifyRequest): Promise<never> {
  process.kill(process.pid, 'SIGTERM')
  socket.destroySoon()
  return new Promise(() => {})
}

function pause (ms: number, signal?: AbortSignal): Promise<void> {
  return sleep(ms, undefined, signal === undefined ? {} : { signal })
}

async function unlessAborted<T> (promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise
  const over = withResolvers<never>()
  const abort = () => over.reject(new ScriptedError(cancelled, ''))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, over.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** What newer versions of Node have as `Promise.withResolvers()`. */
interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  resolve (value: T): void
  reject (error: unknown): void
}

function withResolvers<T> (): PromiseWithResolvers<T> {
  let made: Omit<PromiseWithResolvers<T>, 'promise'> = { resolve () {}, reject () {} }
  const promise = new Promise<T>((resolve, reject) => { made = { resolve, reject } })
  return { promise, ...made }
}
