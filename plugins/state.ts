/**
 * Typed state: values under keys that are objects, for the app (`app.state`) and for a request.
 *
 * An encapsulated child looks keys up in its parents; what it sets stays with it. `request.state`
 * is made on first use: a request that does not ask for it pays nothing.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import {
  AIO_ERR_STATE_DUPLICATE, AIO_ERR_STATE_FROZEN, AIO_ERR_STATE_KEY, AIO_ERR_STATE_MISSING
} from '../lib/errors.ts'
import { checkOptions, describe } from '../lib/options.ts'

/** What both kinds of keys are made of: the object is the identity, the name is for people. */
abstract class Key<T> {
  /** Holds the type of the value; there is nothing at run time. */
  declare readonly type?: T
  readonly name: string

  constructor (name: string) {
    if (typeof name !== 'string' || name === '') {
      throw new AIO_ERR_STATE_KEY('a state', 'a key with a non-empty name', describe(name))
    }
    this.name = name
  }

  toString (): string {
    return `${this.constructor.name}(${this.name})`
  }
}

/** A key of `app.state`; two keys of one name are two keys (aiohttp: AppKey). */
export class AppKey<T> extends Key<T> {
  /** Keeps the two kinds of keys apart for the type checker. */
  declare readonly kind: 'app'
}

/** A key of `request.state` (aiohttp: RequestKey). */
export class RequestKey<T> extends Key<T> {
  /** Keeps the two kinds of keys apart for the type checker. */
  declare readonly kind: 'request'
}

/** The state of an app: set up before start, read-only afterwards. */
export class AppState {
  readonly #parent: AppState | undefined
  readonly #frozen: () => boolean
  readonly #values = new Map<AppKey<unknown>, unknown>()

  constructor (frozen: () => boolean, parent?: AppState) {
    this.#frozen = frozen
    this.#parent = parent
  }

  /** Whether the app has started, so that nothing can be set any more. */
  get frozen (): boolean {
    return this.#frozen()
  }

  /**
   * The value of this app, else that of the nearest parent that has one, else the fallback.
   *
   * @throws AIO_ERR_STATE_MISSING when there is none and no fallback was given
   */
  get<T> (key: AppKey<T>): T
  get<T, Fallback> (key: AppKey<T>, fallback: Fallback): T | Fallback
  get (key: AppKey<unknown>, ...fallback: unknown[]): unknown {
    checkKey(key, AppKey, 'app.state')
    if (this.#values.has(key)) return this.#values.get(key)
    if (this.#parent?.has(key) === true) return this.#parent.get(key)
    if (fallback.length === 0) throw new AIO_ERR_STATE_MISSING(key.name, 'app.state')
    return fallback[0]
  }

  /** Whether this app or a parent has a value. */
  has (key: AppKey<unknown>): boolean {
    checkKey(key, AppKey, 'app.state')
    return this.#values.has(key) || this.#parent?.has(key) === true
  }

  /**
   * Gives this app a value; a child may so hide the value of its parent.
   *
   * @throws AIO_ERR_STATE_DUPLICATE when this app has one already, AIO_ERR_STATE_FROZEN after startup
   */
  set<T> (key: AppKey<T>, value: NoInfer<T>): void {
    this.#check(key)
    if (this.#values.has(key)) throw new AIO_ERR_STATE_DUPLICATE(key.name)
    this.#values.set(key, value)
  }

  /** Like `set()`, for values that are overwritten on purpose. @throws AIO_ERR_STATE_FROZEN */
  replace<T> (key: AppKey<T>, value: NoInfer<T>): void {
    this.#check(key)
    this.#values.set(key, value)
  }

  /** Takes the value of this app away, never that of a parent. @throws AIO_ERR_STATE_FROZEN */
  delete (key: AppKey<unknown>): boolean {
    this.#check(key)
    return this.#values.delete(key)
  }

  #check (key: AppKey<unknown>): void {
    checkKey(key, AppKey, 'app.state')
    if (this.#frozen()) throw new AIO_ERR_STATE_FROZEN(key.name)
  }
}

/** The state of one request; it may change as often as it likes. */
export class RequestState {
  readonly #values: Map<RequestKey<unknown>, unknown>

  /** Begins with the values of another. */
  constructor (origin?: RequestState) {
    this.#values = new Map(origin === undefined ? [] : origin.#values)
  }

  /** The value, else the fallback. @throws AIO_ERR_STATE_MISSING */
  get<T> (key: RequestKey<T>): T
  get<T, Fallback> (key: RequestKey<T>, fallback: Fallback): T | Fallback
  get (key: RequestKey<unknown>, ...fallback: unknown[]): unknown {
    if (this.has(key)) return this.#values.get(key)
    if (fallback.length === 0) throw new AIO_ERR_STATE_MISSING(key.name, 'request.state')
    return fallback[0]
  }

  has (key: RequestKey<unknown>): boolean {
    checkKey(key, RequestKey, 'request.state')
    return this.#values.has(key)
  }

  /** Gives the request a value, in place of an earlier one. */
  set<T> (key: RequestKey<T>, value: NoInfer<T>): void {
    checkKey(key, RequestKey, 'request.state')
    this.#values.set(key, value)
  }

  delete (key: RequestKey<unknown>): boolean {
    checkKey(key, RequestKey, 'request.state')
    return this.#values.delete(key)
  }
}

/** The state plugin has no options. */
export type StateOptions = Record<never, never>

declare module 'fastify' {
  interface FastifyInstance {
    /** Values of this app and its parents; frozen once the app is ready. */
    state: AppState
  }
  interface FastifyRequest {
    /** Values of this request, gone with it. */
    readonly state: RequestState
  }
}

export default fp<StateOptions>(async function state (app, options) {
  checkOptions('the state plugin', options, {})
  const frozen = watchReady(app)
  const requests = new WeakMap<FastifyRequest, RequestState>()
  // A clone has the request it was made from as prototype.
  const originOf = (request: FastifyRequest): RequestState | undefined => {
    const prototype: FastifyRequest | null = Object.getPrototypeOf(request)
    return prototype === null ? undefined : requests.get(prototype) ?? originOf(prototype)
  }

  app.decorate('state', new AppState(frozen))
  app.addHook('onRegister', function (this: FastifyInstance, child) {
    child.state = new AppState(frozen, this.state)
  })
  app.decorateRequest('state', {
    getter (this: FastifyRequest) {
      let found = requests.get(this)
      if (found === undefined) requests.set(this, found = new RequestState(originOf(this)))
      return found
    }
  })
}, {
  name: 'state',
  fastify: '5.x'
})

/**
 * Tells whether startup is over.
 *
 * Fastify has no hook after the last `onReady`. While it starts, `ready()` hands out one and the same
 * promise; afterwards another. That is asked only between the last hook and the next turn of the
 * loop, where whoever awaited `ready()` runs before our own continuation.
 */
function watchReady (app: FastifyInstance): () => boolean {
  const root = rootOf(app)
  let starting: PromiseLike<unknown> | undefined
  let ready = false

  app.addHook('onReady', async () => {
    starting = root.ready()
    starting.then(() => { ready = true }, () => {})
  })

  return () => {
    if (!ready && starting !== undefined && root.ready() !== starting) ready = true
    return ready
  }
}

/** The outermost app: a child has its parent as prototype. Only there `ready()` covers the hooks. */
function rootOf (app: FastifyInstance): FastifyInstance {
  const parent: FastifyInstance | null = Object.getPrototypeOf(app)
  return parent !== null && 'ready' in parent ? rootOf(parent) : app
}

/** Refuses whatever is no key of the right kind, such as a string. */
function checkKey (key: unknown, kind: typeof AppKey | typeof RequestKey, where: string): void {
  if (!(key instanceof kind)) throw new AIO_ERR_STATE_KEY(where, kind.name, describe(key))
}
