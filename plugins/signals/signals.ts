/**
 * The life of an app in order: contexts and startup, shutdown, contexts in reverse and cleanup.
 *
 * Mechanics only; who calls `startup()`, `shutdown()` and `cleanup()` is decided elsewhere
 * (`index.ts` for Fastify's hooks, the runner for a graceful shutdown).
 *
 * @module
 */

import {
  AIO_ERR_APP_CLOSED, AIO_ERR_APP_FROZEN, AIO_ERR_ARGUMENT_INVALID, AIO_ERR_HOOK_THROWN, AIO_ERR_HOOK_TIMEOUT
} from '../../lib/errors.ts'
import { boolean, checkOptions, describe } from '../../lib/options.ts'
import { Branch, type Entry, type Receiver } from './branch.ts'
import { enter, type CleanupContext } from './contexts.ts'

/** The signals that are sent to the app as a whole. */
export type SignalName = 'onStartup' | 'onShutdown' | 'onCleanup' | 'cleanupContext'

/** What is being waited for. */
export interface RunningReceiver {
  /** The signal, or `cleanupContext` for entering and leaving one. */
  readonly signal: SignalName
  /** The name of the receiver's function. */
  readonly name: string
  /** When it was called, in milliseconds since the epoch. */
  readonly since: number
}

/** Options of `app.onShutdown()`. */
export interface ShutdownOptions {
  /**
   * Runs after all receivers that did not ask for this.
   *
   * @default false
   */
  last?: boolean | undefined
}

/** Several receivers failed; `errors` has what they threw, in order (aiohttp: CleanupError). */
export class CleanupError extends AggregateError {
  override name = 'CleanupError'
}

type Phase = 'new' | 'starting' | 'started' | 'failed'

/** The receivers of one app tree, and how far its life has come. */
export class Signals<App> {
  readonly #hookTimeout: number
  readonly #root = new Branch<App>()
  /** Sub-applications: an app belongs to the nearest one among its prototypes. */
  readonly #branches = new Map<unknown, Branch<App>>()
  readonly #shutdownLast: Entry<App>[] = []
  /** Branches with contexts that were entered, in that order. */
  readonly #entered: Branch<App>[] = []
  #phase: Phase = 'new'
  #closing = false
  #shutdownDone: Promise<void> | undefined
  #cleanupDone: Promise<void> | undefined
  #running: RunningReceiver | null = null
  #givenUp = false
  #abandon = () => {}

  /** `hookTimeout`: how long one receiver may take at shutdown and cleanup, in milliseconds. */
  constructor (hookTimeout: number) {
    this.#hookTimeout = hookTimeout
  }

  /** What is being waited for now; `null` when nothing is. */
  get running (): RunningReceiver | null {
    return this.#running
  }

  /** Whether `shutdown()` was called while the app was up. */
  get shutdownStarted (): boolean {
    return this.#shutdownDone !== undefined
  }

  /** Whether `cleanup()` was called. */
  get cleanupStarted (): boolean {
    return this.#cleanupDone !== undefined
  }

  /** Whether nothing can be added any more. */
  get frozen (): boolean {
    return this.#phase === 'started' || this.#phase === 'failed' || this.#closing
  }

  /** @throws AIO_ERR_APP_FROZEN once startup has begun */
  addStartup (app: App, receiver: Receiver<App>): void {
    this.#branchOf(app).startup.push(this.#entry('onStartup', app, receiver, this.#phase !== 'new'))
  }

  /**
   * Keeps a place for a sub-application: its contexts and receivers run where the lists of its parent are now
   * (aiohttp's order). Call what is returned with the app, before it adds receivers.
   */
  branch (parent: App): (app: App) => void {
    if (this.#phase !== 'new') throw new AIO_ERR_APP_FROZEN('a sub-application')
    const branch = this.#branchOf(parent).grow()
    return app => { this.#branches.set(app, branch) }
  }

  /** @throws AIO_ERR_APP_FROZEN once the app has started */
  addShutdown (app: App, receiver: Receiver<App>, options: ShutdownOptions = {}): void {
    checkOptions('app.onShutdown()', options, { last: boolean })
    const entry = this.#entry('onShutdown', app, receiver, this.frozen)
    if (options.last === true) this.#shutdownLast.push(entry)
    else this.#branchOf(app).shutdown.push(entry)
  }

  /** @throws AIO_ERR_APP_FROZEN once the app has started */
  addCleanup (app: App, receiver: Receiver<App>): void {
    this.#branchOf(app).cleanup.push(this.#entry('onCleanup', app, receiver, this.frozen))
  }

  /** A context may add another one. @throws AIO_ERR_APP_FROZEN once all contexts are entered */
  addContext (app: App, context: CleanupContext<App>): void {
    const branch = this.#branchOf(app)
    const { name } = this.#entry('cleanupContext', app, context, branch.sealed || this.#phase === 'failed')
    branch.contexts.push({ app, name, context })
  }

  /**
   * Enters the contexts, then sends onStartup. When a step fails, what was entered is left at once, in
   * reverse, and the error is thrown; errors of leaving come with it in a `CleanupError`, its first.
   */
  async startup (): Promise<void> {
    try {
      this.#phase = 'starting'
      await this.#start(this.#root)
      this.#phase = 'started'
    } catch (error) {
      this.#phase = 'failed'
      throw combine([error, ...await this.#leaveAll()], 'Cannot start')
    }
  }

  async #start (branch: Branch<App>): Promise<void> {
    this.#entered.push(branch)
    // The list may grow meanwhile.
    for (const { app, name, context } of branch.contexts) {
      const leave = await this.#run('cleanupContext', name, () => enter(context, app, name))
      branch.entered.push({ name, leave })
      this.#stopIfClosing()
    }
    branch.sealed = true
    for (const item of branch.startup) {
      if (item instanceof Branch) await this.#start(item)
      else await this.#run('onStartup', item.name, () => item.receiver(item.app))
      this.#stopIfClosing()
    }
  }

  /**
   * Sends onShutdown, once: every caller gets the same promise. All receivers run even if some fail;
   * one error is thrown as it is, several as a `CleanupError`. Does nothing before startup.
   */
  shutdown (): Promise<void> {
    if (this.#phase !== 'started') return Promise.resolve()
    // Not before the promise is known: a receiver that calls shutdown() has to get this one.
    this.#shutdownDone ??= Promise.resolve()
      .then(() => this.#send('onShutdown', [...flatten(this.#root), ...this.#shutdownLast]))
      .then(errors => throwAll(errors, 'Cannot shut down'))
    return this.#shutdownDone
  }

  /**
   * Stops waiting for the onShutdown receiver that is running; those after it are still called, and get one
   * millisecond each. For whoever has a deadline of its own, such as the runner.
   */
  giveUp (): void {
    this.#givenUp = true
    this.#abandon()
  }

  /**
   * Leaves the contexts in reverse, then sends onCleanup, once; the same for each sub-application in its
   * place. Errors as with `shutdown()`. An app that did not start completely gets no onCleanup.
   */
  cleanup (): Promise<void> {
    this.#cleanupDone ??= this.#cleanUp()
    return this.#cleanupDone
  }

  async #cleanUp (): Promise<void> {
    this.#closing = true
    // Never under the feet of a receiver; its error belongs to who called shutdown().
    await this.#shutdownDone?.catch(() => {})
    const errors = await (this.#phase === 'started' ? this.#clean(this.#root) : this.#leaveAll())
    throwAll(errors, 'Cannot clean up')
  }

  async #clean (branch: Branch<App>): Promise<unknown[]> {
    const errors = await this.#leave(branch)
    for (const item of branch.cleanup) {
      errors.push(...await (item instanceof Branch ? this.#clean(item) : this.#send('onCleanup', [item])))
    }
    return errors
  }

  async #leaveAll (): Promise<unknown[]> {
    const errors: unknown[] = []
    for (const branch of this.#entered.reverse()) errors.push(...await this.#leave(branch))
    return errors
  }

  /** When the app was closed in the middle of its startup, the rest of it must not happen. */
  #stopIfClosing (): void {
    if (this.#closing) throw new AIO_ERR_APP_CLOSED()
  }

  async #leave ({ entered }: Branch<App>): Promise<unknown[]> {
    const errors: unknown[] = []
    for (let entry = entered.pop(); entry !== undefined; entry = entered.pop()) {
      const { leave, name } = entry
      // A failure must not keep older contexts from closing.
      await this.#run('cleanupContext', name, leave, this.#hookTimeout).catch(error => errors.push(error))
    }
    return errors
  }

  async #send (signal: SignalName, entries: readonly Entry<App>[]): Promise<unknown[]> {
    const errors: unknown[] = []
    for (const { app, name, receiver } of entries) {
      const limit = this.#givenUp && signal === 'onShutdown' ? 1 : this.#hookTimeout
      await this.#run(signal, name, () => receiver(app), limit).catch(error => errors.push(error))
    }
    return errors
  }

  async #run<T> (signal: SignalName, name: string, call: () => T, timeout?: number): Promise<Awaited<T>> {
    const running = { signal, name, since: Date.now() }
    this.#running = running
    let timer: NodeJS.Timeout | undefined
    try {
      // Promise.race() also takes care of a rejection that comes after the time limit.
      return await Promise.race([
        (async () => await call())(),
        new Promise<never>((_resolve, reject) => {
          if (timeout === undefined) return
          const fail = (after: number) => reject(new AIO_ERR_HOOK_TIMEOUT(signal, name, after))
          timer = setTimeout(fail, timeout, timeout)
          if (signal === 'onShutdown') this.#abandon = () => fail(Date.now() - running.since)
        })
      ])
    } catch (error) {
      // Fastify takes undefined for success, and a number tells nobody where it came from.
      if (error instanceof Error) throw error
      throw Object.assign(new AIO_ERR_HOOK_THROWN(signal, name, describe(error)), { cause: error })
    } finally {
      clearTimeout(timer)
      this.#abandon = () => {}
      if (this.#running === running) this.#running = null
    }
  }

  #branchOf (app: App): Branch<App> {
    for (let next: unknown = app; next != null; next = Object.getPrototypeOf(next)) {
      const branch = this.#branches.get(next)
      if (branch !== undefined) return branch
    }
    return this.#root
  }

  #entry (signal: SignalName, app: App, receiver: Receiver<App>, late: boolean): Entry<App> {
    if (typeof receiver !== 'function') {
      throw new AIO_ERR_ARGUMENT_INVALID('receiver', `app.${signal}()`, 'a function', describe(receiver))
    }
    const name = receiver.name === '' ? 'anonymous' : receiver.name
    if (late) throw new AIO_ERR_APP_FROZEN(`the ${signal} receiver "${name}"`)
    return { app, name, receiver }
  }
}

/** The onShutdown receivers of an app and its sub-applications, in their order. */
function flatten<App> ({ shutdown }: Branch<App>): Entry<App>[] {
  return shutdown.flatMap(item => item instanceof Branch ? flatten(item) : [item])
}

/** One error as it is, several as one that holds them all, in order. */
export function combine (errors: readonly unknown[], what: string): unknown {
  return errors.length === 1 ? errors[0] : new CleanupError(errors, `${what}: ${errors.length} errors`)
}

function throwAll (errors: readonly unknown[], what: string): void {
  if (errors.length > 0) throw combine(errors, what)
}
