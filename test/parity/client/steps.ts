/**
 * One case being performed: its sessions, what it keeps, and every step it may ask for.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import * as client from '../../../plugins/client-session/index.ts'
import { makeBody } from './bodies.ts'
import { checkKeys, UnknownInCase, type Call, type Spec } from './case.ts'
import { showError, isShownError } from './failure.ts'
import type { Files } from './files.ts'
import { jarKeys, jarStep } from './jar.ts'
import { Middlewares } from './middlewares.ts'
import {
  auth, named, pairs, raiseForStatus, timeout, translate, Trust, url, type Translate
} from './options.ts'
import { read, report, respond } from './responses.ts'
import type { ScriptedServer } from './server.mjs'
import { limits, makeConnector, makeSession, type SessionContext } from './sessions.ts'
import { isSpec, scalar } from './values.ts'
import { converse } from './websockets.ts'

type Step = (step: Spec, signal: AbortSignal) => unknown

/** Members of a request that are no options of it. */
const requestKeys = ['op', 'session', 'method', 'url', 'read', 'report', 'as', 'context', 'shortcut']

/** Performs the steps of one case. */
export class Performance implements SessionContext {
  readonly call: Call
  readonly events: unknown[][] = []
  readonly middlewares: Middlewares
  readonly trust: Trust
  readonly connectors = new Map<string, client.Connector>()
  readonly jars = new Map<string, client.CookieJar>()
  readonly #server: ScriptedServer
  readonly #files: Files
  readonly #sessions = new Map<string, client.ClientSession>()
  readonly #saved = new Map<string, client.ClientResponse>()
  readonly #tasks = new Map<string, { done: Promise<unknown>, cancel: AbortController }>()
  #mistake: UnknownInCase | undefined

  constructor (call: Call, server: ScriptedServer, files: Files) {
    this.call = call
    this.#server = server
    this.#files = files
    this.middlewares = new Middlewares(this.events, files)
    this.trust = new Trust(server)
  }

  /** One entry for each step. */
  async results (): Promise<unknown[]> {
    const { connectors = {}, session = {}, sessions = { default: session }, steps } = this.call
    for (const [name, spec] of Object.entries(connectors)) this.connectors.set(name, makeConnector(spec, this))
    try {
      for (const [name, spec] of Object.entries(sessions)) {
        if (spec !== null) this.#sessions.set(name, makeSession(spec, this))
      }
    } catch (error) {
      return [{ error: showError(error), at: 'session' }]
    }
    const never = new AbortController().signal
    const results = []
    for (const step of steps) results.push(await this.#outcome(step, never))
    if (this.#mistake !== undefined) throw this.#mistake
    return results
  }

  /** Ends what is still running. */
  async close (): Promise<void> {
    for (const { cancel } of this.#tasks.values()) cancel.abort()
    for (const session of this.#sessions.values()) await session.close()
    for (const connector of this.connectors.values()) await connector.close()
  }

  async #outcome (step: Spec, signal: AbortSignal): Promise<Spec> {
    try {
      return { result: await this.#perform(step, signal) ?? null }
    } catch (error) {
      return { error: showError(error) }
    }
  }

  async #perform (step: Spec, signal: AbortSignal): Promise<unknown> {
    const { op = 'request' } = step
    if (typeof op !== 'string') throw new UnknownInCase('step', op)
    if (op.startsWith('jar.')) {
      checkKeys(`option of the step ${op}`, step, ['op', ...jarKeys])
      return await jarStep(op.slice('jar.'.length), this.#jar(step), step, this.#files)
    }
    const entry = this.#steps[op]
    if (entry === undefined) throw new UnknownInCase('step', op)
    const [keys, run] = entry
    if (keys !== 'own') checkKeys(`option of the step ${op}`, step, ['op', ...keys])
    return await run(step, signal)
  }

  readonly #steps: Readonly<Record<string, readonly [keys: readonly string[] | 'own', run: Step]>> = {
    request: ['own', (step, signal) => this.#request(step, signal)],
    module_request: ['own', (step, signal) => this.#moduleRequest(step, signal)],
    ws: ['own', (step, signal) => converse(this.#session(step), step, this.trust, signal)],
    read: [['from', 'how'], ({ from, how = 'text' }) => read(this.#response(from), how)],
    report: [['from', 'names'], ({ from, names }) => report(this.#response(from), names as string[])],
    release: [['from'], async ({ from }) => { await this.#response(from).release() }],
    close: [['from'], async ({ from }) => { await this.#response(from).close() }],
    raise_for_status: [['from'], async ({ from }) => { await this.#response(from).raiseForStatus() }],
    new_session: [['as', 'options'], ({ as = 'default', options = {} }) => {
      this.#sessions.set(String(as), makeSession(options as Spec, this))
    }],
    close_session: [['session'], step => this.#session(step).close()],
    detach: [['session'], step => { this.#session(step).detach() }],
    session_state: [['session'], step => ({ closed: this.#session(step).closed })],
    sleep: [['ms'], ({ ms }) => sleep(Number(ms), null)],
    server_state: [['after', 'names'], step => this.#serverState(step)],
    parallel: [['steps', 'stagger', 'repeat', 'count', 'order'], (step, signal) => this.#parallel(step, signal)],
    start: [['as', 'step'], ({ as, step }) => this.#start(String(as), step as Spec)],
    cancel: [['task'], ({ task }) => { this.#task(task).cancel.abort() }],
    join: [['task'], ({ task }) => this.#task(task).done],
    collect: [['session'], ({ session }) => {
      this.#saved.clear()
      this.#sessions.delete(String(session))
      // Nothing is warned of when it is collected: Node's collector runs when it likes.
      return []
    }],
    auth_header: [['options'], ({ options }) => {
      const { login, password, encoding } = options as client.BasicAuthInit
      return client.encodeBasicAuth(login, password, encoding)
    }],
    fingerprint: [['hex'], ({ hex }) => { this.trust.fingerprint(String(hex)) }]
  }

  async #request (step: Spec, signal: AbortSignal): Promise<unknown> {
    const session = this.#session(step)
    const { method = 'GET', shortcut = false } = step as { method?: string, shortcut?: boolean }
    const target = url(step.url)
    const options = { ...this.#requestOptions(step), signal }
    const response = shortcut
      ? await (session[method.toLowerCase() as 'get'])(target, options)
      : await session.request(method, target, options)
    const out = await respond(step, response)
    if (step.context === true) await response[Symbol.asyncDispose]()
    else if (step.as !== undefined) this.#saved.set(String(step.as), response)
    return out
  }

  async #moduleRequest (step: Spec, signal: AbortSignal): Promise<unknown> {
    const options = { ...this.#requestOptions(step), signal }
    const response = await client.request(String(step.method ?? 'GET'), url(step.url), options)
    const out = await respond(step, response)
    await response[Symbol.asyncDispose]()
    return out
  }

  #requestOptions (step: Spec): Spec {
    const rest = Object.fromEntries(Object.entries(step).filter(([key]) => !requestKeys.includes(key)))
    const table: Readonly<Record<string, Translate>> = {
      params: pairs('params'),
      headers: pairs('headers'),
      cookies: pairs('cookies'),
      json: value => ['json', isSpec(value) ? value : scalar(value)],
      data: value => ['data', makeBody(value, this.#files)],
      allow_redirects: named('allowRedirects'),
      max_redirects: named('maxRedirects'),
      compress: named('compress'),
      chunked: named('chunked'),
      expect100: named('expect100'),
      skip_auto_headers: named('skipAutoHeaders'),
      read_until_eof: named('readUntilEof'),
      proxy: named('proxy'),
      proxy_headers: pairs('proxyHeaders'),
      server_hostname: named('serverHostname'),
      trace_request_ctx: named('traceRequestContext'),
      auth: auth('auth'),
      proxy_auth: auth('proxyAuth'),
      timeout,
      ssl: this.trust.translate,
      raise_for_status: raiseForStatus,
      middlewares: this.middlewares.translate,
      ...limits
    }
    return translate('option of a request', rest, table)
  }

  async #serverState ({ after = 50, names }: Spec): Promise<Spec> {
    await sleep(Number(after))
    const state = this.#server.state()
    return Object.fromEntries((names as string[]).map(name => [name, state[name]]))
  }

  async #parallel (step: Spec, signal: AbortSignal): Promise<Spec> {
    const { stagger = 0, repeat = 1, count = false, order = true } = step
    const steps = Array.from({ length: Number(repeat) }, () => step.steps as Spec[]).flat()
    const finished: number[] = []
    const results = await Promise.all(steps.map(async (each, index) => {
      await sleep(index * Number(stagger))
      return await this.#outcome(each, signal).finally(() => finished.push(index))
    }))
    if (count === true) return { count: countKinds(results) }
    return { results, ...(order === true && { finished }) }
  }

  #start (name: string, step: Spec): void {
    const cancel = new AbortController()
    const done = this.#perform(step, cancel.signal)
    // It is looked at when it is joined; a mistake in the case also when it is not.
    done.catch((error: unknown) => { if (error instanceof UnknownInCase) this.#mistake = error })
    this.#tasks.set(name, { done, cancel })
  }

  #session ({ session = 'default' }: Spec): client.ClientSession {
    return known('session', session, this.#sessions)
  }

  #jar (step: Spec): client.CookieJar {
    if (this.jars.size > 0 && step.session === undefined) return known('jar', step.jar ?? 'jar', this.jars)
    return this.#session(step).cookieJar as client.CookieJar
  }

  #response (name: unknown): client.ClientResponse {
    return known('response', name, this.#saved)
  }

  #task (name: unknown) {
    return known('task', name, this.#tasks)
  }
}

function known<Value> (what: string, name: unknown, values: ReadonlyMap<string, Value>): Value {
  const value = values.get(String(name))
  if (value === undefined) throw new UnknownInCase(what, name)
  return value
}

/** How many ended with which status or error. */
function countKinds (results: readonly Spec[]): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const { result, error } of results) {
    const kind = isShownError(error) ? error.is[0]! : String((result as Spec).status)
    kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}
