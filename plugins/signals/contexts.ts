/**
 * Cleanup contexts: one async generator, or one AsyncDisposable, owns a resource from startup to close.
 *
 * Knows how to enter and to leave a single context; order and time limits are those of `Signals`.
 *
 * @module
 */

import { AIO_ERR_CONTEXT_INVALID, AIO_ERR_CONTEXT_NO_YIELD, AIO_ERR_CONTEXT_YIELDS } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'

/**
 * Opens a resource and says how to close it: an async generator function with one `yield`, or a
 * function that returns (a promise of) an `AsyncDisposable`.
 */
export type CleanupContext<App> = (app: App) =>
  AsyncGenerator<unknown, unknown, unknown> | AsyncDisposable | PromiseLike<AsyncDisposable>

/** Leaves a context that was entered. */
export type Leave = () => PromiseLike<unknown>

/**
 * Runs a context up to its `yield`.
 *
 * @throws AIO_ERR_CONTEXT_INVALID, AIO_ERR_CONTEXT_NO_YIELD, and whatever the context throws
 */
export async function enter<App> (context: CleanupContext<App>, app: App, name: string): Promise<Leave> {
  const opened = await context(app)
  // Generators first: newer versions of Node make them disposable, too, which would not finish them.
  if (isAsyncGenerator(opened)) {
    const { done } = await opened.next()
    if (done === true) throw new AIO_ERR_CONTEXT_NO_YIELD(name)
    return () => finish(opened, name)
  }
  if (isAsyncDisposable(opened)) return () => opened[Symbol.asyncDispose]()
  throw new AIO_ERR_CONTEXT_INVALID(name, describe(opened))
}

/** Runs the rest of a generator; one that yields again is ended, so that its `finally` runs. */
async function finish (generator: AsyncGenerator<unknown, unknown, unknown>, name: string): Promise<void> {
  const { done } = await generator.next()
  if (done === true) return
  const error = new AIO_ERR_CONTEXT_YIELDS(name)
  await generator.return(undefined).catch((cause: unknown) => { error.cause = cause })
  throw error
}

function isAsyncGenerator (value: unknown): value is AsyncGenerator<unknown, unknown, unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value &&
    'next' in value && typeof value.next === 'function' && 'return' in value
}

function isAsyncDisposable (value: unknown): value is AsyncDisposable {
  return typeof value === 'object' && value !== null && Symbol.asyncDispose in value &&
    typeof value[Symbol.asyncDispose] === 'function'
}
