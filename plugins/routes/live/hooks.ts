/**
 * Hooks of live routes: one after the other, with callbacks or promises, as Fastify runs its own.
 *
 * @module
 */

/** A hook of a request. Written as a method, so that hooks with other parameters fit. */
export type Hook = {
  run (...args: never[]): unknown
}['run']

/** Goes on with the next hook, with another payload or an error. */
export type Next = (error?: unknown, payload?: unknown) => void

/** The hooks a request may meet, in Fastify's order. */
export const hookNames = [
  'onRequest', 'preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onSend', 'onResponse', 'onError',
  'onTimeout', 'onRequestAbort'
] as const

export type HookName = typeof hookNames[number]

/** The hooks of one route, by their kind. */
export type Hooks = Readonly<Record<HookName, readonly Hook[]>>

/** How one hook is called, and when no other one is. */
export interface HookRun {
  call (hook: Hook, payload: unknown, next: Next): unknown
  /** Whether somebody has answered: then the chain ends without a word. */
  isOver (): boolean
  /** Whether what a hook's promise gives is the next payload. */
  readonly usesResult: boolean
}

/** Runs hooks in their order. `done` gets the first error, or the payload as the last of them left it. */
export function runHooks (hooks: readonly Hook[], payload: unknown, how: HookRun, done: Next): void {
  const { call, isOver, usesResult } = how
  let index = 0
  const next: Next = (error, changed) => {
    if (changed !== undefined) payload = changed
    const hook = hooks[index++]
    if (error != null || hook === undefined) return done(error, payload)
    if (isOver()) return
    let result: unknown
    try {
      result = call(hook, payload, next)
    } catch (error) {
      return done(error)
    }
    if (!isPromise(result)) return
    result.then(value => next(null, usesResult ? value : undefined), error => {
      done(error ?? new Error('A hook rejected with nothing'))
    })
  }
  next(null)
}

function isPromise (value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}
