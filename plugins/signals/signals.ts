/**
 * The life of an app in order: contexts and startup, shutdown, contexts in reverse and cleanup.
 *
 * Mechanics only; who calls `startup()`, `shutdown()` and `cleanup()` is decided elsewhere
 * (`index.ts` for Fastify's hooks, the runner for a graceful shutdown).
 *
 * @module
 */

import {
  AIO_ERR_APP_CLOSED, AIO_ERR_APP_FROZEN, AIO_ERR_ARGUMENT_INVALID, AIO_ERR_HOOK_TIMEOUT
} from '../../lib/errors.ts'
import { boolean, checkOptions, describe } from '../../lib/options.ts'
import { Branch, flatten, type Entry, type Receiver } from './branch.ts'
import { combine, throwAll } from './cleanup-error.ts'
import { enter, type CleanupContext } from './contexts.ts'
import type { CleanupOptions, ShutdownOptions } from './options.ts'
import { LifePhase, type AppPhase, type PhaseListener } from './phase.ts'
import { ReceiverRun, type FinishedReceiver, type RunningReceiver, type SignalName } from './receiver-run.ts'
import { BackgroundWork, type RunningWork, type WorkSource } from './work.ts'

type Startup = 'new' | 'starting' | 'started' | 'failed'

/** The receivers of one app tree, and how far its life has come. */
export class Signals<App> {
  readonly #hookTimeout: number
  readonly #root = new Branch<App>()
  /** Sub-applications: an app belongs to the nearest one among its prototypes. */
  readonly #branches = new Map<unknown, Branch<App>>()
  readonly #shutdownLast: Entry<App>[] = []
  /** Branches with contexts that were entered, in that order. */
  readonly #entered: Branch<App>[] = []
  readonly #work = new BackgroundWork()
  readonly #life = new LifePhase()
  /** What listeners of the phase threw; it comes out of `cleanup()`. */
  readonly #listenerErrors: unknown[] = []
  #startup: Startup = 'new'
  #closing = false
  #shutdownDone: Promise<void> | undefined
  #cleanupDone: Promise<void> | undefined
  readonly #receivers = new ReceiverRun()
  #givenUp = false

  /** `hookTimeout`: how long one receiver may take at shutdown and cleanup, in milliseconds. */
  constructor (hookTimeout: number) {
    this.#hookTimeout = hookTimeout
  }

  /** Where the app is in its life. */
  get phase (): AppPhase {
    return this.#life.current
  }

  /**
   * Tells `listener` each phase from now on; call what is returned to end that. An error that it throws comes out of
   * `cleanup()`.
   *
   * @throws AIO_ERR_ARGUMENT_INVALID
   */
  onPhase (listener: PhaseListener): () => void {
    if (typeof listener !== 'function') {
      throw new AIO_ERR_ARGUMENT_INVALID('listener', 'app.signals.onPhase()', 'a function', describe(listener))
    }
    return this.#life.listen(listener)
  }

  /** Announces that the app is about to stop, and serves until then; does nothing before startup has ended. */
  lame (): void {
    if (this.#startup === 'started') this.#enter('lame')
  }

  /**
   * Announces that no new request will come, for another app has taken its place. onShutdown is sent later, when the
   * requests under way have ended. Does nothing before startup has ended.
   */
  retire (): void {
    if (this.#startup === 'started') this.#enter('stopping')
  }

  #enter (phase: AppPhase): void {
    this.#listenerErrors.push(...this.#life.enter(phase))
  }

  /** What is being waited for now; `null` when nothing is. */
  get running (): RunningReceiver | null { return this.#receivers.running }

  /** Every receiver and context that has ended, oldest first: what took how long. */
  get finished (): readonly FinishedReceiver[] { return this.#receivers.finished }

  /** Whether `startup()` was called. */
  get startupStarted (): boolean { return this.#startup !== 'new' }

  /** Whether `shutdown()` was called while the app was up. */
  get shutdownStarted (): boolean { return this.#shutdownDone !== undefined }

  /** Whether `cleanup()` was called. */
  get cleanupStarted (): boolean { return this.#cleanupDone !== undefined }

  /** Whether nothing can be added any more. */
  get frozen (): boolean {
    return this.#startup === 'started' || this.#startup === 'failed' || this.#closing
  }

  /** @throws AIO_ERR_APP_FROZEN once startup has begun */
  addStartup (app: App, receiver: Receiver<App>): void {
    this.#branchOf(app).startup.push(this.#entry('onStartup', app, receiver, this.#startup !== 'new'))
  }

  /**
   * Keeps a place for a sub-application: its contexts and receivers run where the lists of its parent are now
   * (aiohttp's order). Call what is returned with the app, before it adds receivers.
   */
  branch (parent: App): (app: App) => void {
    if (this.#startup !== 'new') throw new AIO_ERR_APP_FROZEN('a sub-application')
    const branch = this.#branchOf(parent).grow()
    return app => { this.#branches.set(app, branch) }
  }

  /** @throws AIO_ERR_APP_FROZEN once the app has started */
  addShutdown (app: App, receiver: Receiver<App>, options: ShutdownOptions = {}): void {
    checkOptions('app.onShutdown()', options, { last: boolean, mayBeLeft: boolean })
    const mayBeLeft = options.mayBeLeft === true
    const entry = { ...this.#entry('onShutdown', app, receiver, this.frozen), mayBeLeft }
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
    const { name } = this.#entry('cleanupContext', app, context, branch.sealed || this.#startup === 'failed')
    branch.contexts.push({ app, name, context })
  }

  /** Has whoever stops the app wait for work that no request shows. */
  addWork (source: WorkSource): void {
    this.#work.add(source)
  }

  /** The background work that is under way. */
  get work (): RunningWork[] { return this.#work.running }

  /** Ends background work, once, after `patience` milliseconds; `cleanup()` throws its errors. */
  async endWork (patience = 0): Promise<void> {
    await this.#endWork(patience)
  }

  /**
   * Enters the contexts, then sends onStartup. When a step fails, what was entered is left at once, in
   * reverse, and the error is thrown; errors of leaving come with it in a `CleanupError`, its first.
   */
  async startup (): Promise<void> {
    try {
      this.#startup = 'starting'
      this.#stopIfClosing()
      await this.#start(this.#root)
      this.#startup = 'started'
      this.#enter('running')
    } catch (error) {
      this.#startup = 'failed'
      const errors = await this.#leaveAll()
      this.#enter('closed')
      throw combine([error, ...errors], 'Cannot start')
    }
  }

  /** Ends a startup that is under way, or will be, after the step that is running; it fails then. */
  cancelStartup (): void {
    if (this.#startup !== 'started') this.#closing = true
  }

  async #start (branch: Branch<App>): Promise<void> {
    this.#entered.push(branch)
    // The list may grow meanwhile.
    for (const { app, name, context } of branch.contexts) {
      const leave = await this.#receivers.run('cleanupContext', name, () => enter(context, app, name))
      branch.entered.push({ name, leave })
      this.#stopIfClosing()
    }
    branch.sealed = true
    for (const item of branch.startup) {
      if (item instanceof Branch) await this.#start(item)
      else await this.#receivers.run('onStartup', item.name, () => item.receiver(item.app))
      this.#stopIfClosing()
    }
  }

  /**
   * Sends onShutdown, once: every caller gets the same promise. All receivers run even if some fail;
   * one error is thrown as it is, several as a `CleanupError`. Does nothing before startup and after `cleanup()`.
   */
  shutdown (): Promise<void> {
    if (this.#startup !== 'started' || this.cleanupStarted) return this.#shutdownDone ?? Promise.resolve()
    this.#enter('stopping')
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
    this.#receivers.abandon()
  }

  /**
   * Ends background work, leaves the contexts in reverse, then sends onCleanup, once; the same for each
   * sub-application in its place. Errors as with `shutdown()`. An app that did not start completely gets no onCleanup.
   */
  cleanup (options: CleanupOptions = {}): Promise<void> {
    this.#cleanupDone ??= this.#cleanUp(options.patience ?? this.#hookTimeout * 0.9)
    return this.#cleanupDone
  }

  async #cleanUp (patience: number): Promise<void> {
    this.#closing = true
    this.#enter('stopping')
    // Never under the feet of a receiver; its error belongs to who called shutdown().
    await this.#shutdownDone?.catch(() => {})
    // Before the contexts: what a job uses must be open until the job has ended.
    const errors = await this.#endWork(patience)
    errors.push(...await (this.#startup === 'started' ? this.#clean(this.#root) : this.#leaveAll()))
    this.#enter('closed')
    throwAll([...errors, ...this.#listenerErrors], 'Cannot clean up')
  }

  #endWork (patience: number): Promise<unknown[]> {
    return this.#work.end(patience, close => this.#receivers.run('work', 'background work', close, this.#hookTimeout))
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
      await this.#receivers.run('cleanupContext', name, leave, this.#hookTimeout).catch(error => errors.push(error))
    }
    return errors
  }

  async #send (signal: SignalName, entries: readonly Entry<App>[]): Promise<unknown[]> {
    const errors: unknown[] = []
    for (const { app, name, receiver, mayBeLeft = false } of entries) {
      const limit = this.#givenUp && signal === 'onShutdown' ? 1 : this.#hookTimeout
      await this.#receivers.run(signal, name, () => receiver(app), limit).catch((error: unknown) => {
        if (!mayBeLeft || !(error instanceof AIO_ERR_HOOK_TIMEOUT)) errors.push(error)
      })
    }
    return errors
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
