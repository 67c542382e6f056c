/**
 * Closes what a test has opened when the test ends, however it ends, and the newest first.
 *
 * tap calls the functions of `teardown()` in reverse order; `node:test` calls those of `after()` in the order they
 * came, so there one function closes everything.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { describe, func } from '../../lib/options.ts'

/** What tells when a test ends: `t` of tap, `t` of `node:test`, or anything else with one of the two. */
export type TestContext =
  { teardown (end: () => Promise<void>): unknown } |
  { after (end: () => Promise<void>): unknown }

/** Something a test has opened; `close()` may be called twice. */
export interface Closable {
  close (): Promise<void>
}

const kOpened = Symbol('fastify-aiohttp.opened')

interface WithOpened { [kOpened]?: Closable[] }

/** A Fastify app has `after()` as well: who asks has to look for an app first. */
function isTestContext (value: unknown): value is TestContext {
  if (typeof value !== 'object' && typeof value !== 'function') return false
  const { teardown, after } = value as { teardown?: unknown, after?: unknown } | null ?? {}
  return func.test(teardown) || func.test(after)
}

/** Has `resource` closed when the test of `context` ends. */
export function closeAfter (context: TestContext, resource: Closable): void {
  if ('teardown' in context) {
    context.teardown(() => resource.close())
    return
  }
  const { [kOpened]: opened } = context as WithOpened
  if (opened !== undefined) {
    opened.push(resource)
    return
  }
  const first = [resource]
  ;(context as WithOpened)[kOpened] = first
  context.after(() => closeAll(first))
}

/**
 * Closes all, the last first, whatever fails on the way.
 *
 * @throws the error, or an AggregateError of several
 */
export async function closeAll (resources: Closable[]): Promise<void> {
  const errors: unknown[] = []
  for (let resource = resources.pop(); resource !== undefined; resource = resources.pop()) {
    await resource.close().catch((error: unknown) => errors.push(error))
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, 'Cannot close everything the test has opened')
}

/**
 * Takes the test context apart from what is served, whether there is one or not. Whoever gets the options checks them.
 *
 * @throws AIO_ERR_ARGUMENT_INVALID
 */
export function argumentsOf<Served, Options extends object> (
  where: string, isServed: (value: unknown) => value is Served, expected: string, given: readonly unknown[]
): { context: TestContext | undefined, served: Served, options: Options } {
  const [first, second, third = {}] = given
  if (isServed(first) && given.length < 3) {
    return { context: undefined, served: first, options: (second ?? {}) as Options }
  }
  if (!isTestContext(first)) {
    const wanted = `a test context with teardown() or after(), or ${expected}`
    throw new AIO_ERR_ARGUMENT_INVALID('first argument', where, wanted, describe(first))
  }
  if (!isServed(second)) throw new AIO_ERR_ARGUMENT_INVALID('second argument', where, expected, describe(second))
  return { context: first, served: second, options: third as Options }
}
