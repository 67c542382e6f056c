/**
 * What every runner does: it owns the sockets, and stops them in an order that loses nothing.
 *
 * @module
 */

import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AIO_ERR_RUNNER_CLOSED, AIO_ERR_RUNNER_NOT_SET_UP } from '../../lib/errors.ts'
import { Connections } from './connections.ts'
import { Hardening } from './hardening.ts'
import type { RunnerLog } from './log.ts'
import { resolveRunnerOptions, type ResolvedRunnerOptions, type RunnerOptions } from './options.ts'
import { handleProcessSignals } from './process-signals.ts'
import {
  describeConnections, describeWork, type ConnectionReport, type GenerationReport, type Work
} from './report.ts'
import { Shutdown, type Phase } from './shutdown.ts'
import { createSiteServer, type Served, type TLSOptions } from './site-server.ts'
import type { BaseSite } from './sites/base-site.ts'

/** What a runner can tell about itself at any time. */
export interface RunnerReport {
  readonly phase: Phase
  /** The sites' names. */
  readonly sites: readonly string[]
  /** The hook that is being waited for. */
  readonly waitingFor: string | null
  readonly connections: ConnectionReport
  /** Jobs under way, one line each. */
  readonly work: readonly string[]
  /** The apps: those that swaps have replaced and that still end, oldest first, then the one that serves. */
  readonly generations: readonly GenerationReport[]
}

/** A runner without an opinion on what it serves. */
export abstract class BaseRunner implements AsyncDisposable {
  /** The sockets of all sites. */
  readonly connections = new Connections()
  protected readonly options: ResolvedRunnerOptions
  readonly #hardening: Hardening | null
  readonly #sites = new Set<BaseSite>()
  #phase: Phase = 'new'
  #setup: Promise<void> | null = null
  #shutdown: Shutdown | null = null
  #closed: Promise<void> | null = null
  #hurried = false
  #forgetSignals: (() => void) | null = null

  protected constructor (where: string, options: RunnerOptions) {
    this.options = resolveRunnerOptions(where, options)
    const { hardening, server } = this.options
    this.#hardening = hardening === false
      ? null
      : new Hardening(this.connections, hardening === true ? {} : hardening, server)
  }

  /** Where the runner is in its life. */
  get phase (): Phase {
    return this.#shutdown?.phase ?? this.#phase
  }

  /** The sites that listen, in the order they were started. */
  get sites (): ReadonlySet<BaseSite> {
    return this.#sites
  }

  /** The bound addresses of all sites, aiohttp's `AppRunner.addresses`. */
  get addresses (): (AddressInfo | string)[] {
    return [...this.#sites].flatMap(site => site.addresses)
  }

  /**
   * Makes what is served ready: an app's plugins are loaded, its contexts entered, its `onStartup` receivers run.
   * Twice gives the same promise.
   *
   * @throws AIO_ERR_RUNNER_CLOSED, or the error of the app; what had started has then been left again
   */
  setup (): Promise<void> {
    if (this.#closed !== null) return Promise.reject(new AIO_ERR_RUNNER_CLOSED('set the runner up'))
    this.#setup ??= this.#begin()
    return this.#setup
  }

  /**
   * Stops the sites, ends the connections, leaves the contexts: the whole shutdown. Twice gives the same promise.
   *
   * A handler that waits for it waits for itself, until `shutdownTimeout` has passed.
   *
   * @throws the error of a hook, or an `AggregateError` of several; everything else was done all the same
   */
  cleanup (): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  /** Skips the waiting of a shutdown under way, never its cleanup; begins it when none is. */
  hurry (): Promise<void> {
    // The shutdown is made only when the setup has ended.
    if (this.#shutdown === null) this.#hurried = true
    else this.#shutdown.hurry()
    return this.cleanup()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.cleanup()
  }

  /** Whether the shutdown gave up waiting for something, which may still go on. */
  get gaveUp (): boolean {
    return this.#shutdown?.gaveUp ?? false
  }

  /** What the runner is doing, and what it waits for. */
  inspect (): RunnerReport {
    return {
      phase: this.phase,
      sites: [...this.#sites].map(({ name }) => name),
      waitingFor: this.waitingFor(),
      connections: describeConnections(this.connections),
      work: describeWork(this.work()),
      generations: this.generations()
    }
  }

  /**
   * Refuses sites that come too early or too late.
   *
   * @throws AIO_ERR_RUNNER_NOT_SET_UP, AIO_ERR_RUNNER_CLOSED
   */
  checkReady (site: string): void {
    if (this.#closed !== null) throw new AIO_ERR_RUNNER_CLOSED(`make a ${site}`)
    if (this.#phase !== 'running') throw new AIO_ERR_RUNNER_NOT_SET_UP(site)
  }

  /** The same for whatever else needs a runner that serves. */
  protected checkRunning (what: string): void {
    if (this.#closed !== null) throw new AIO_ERR_RUNNER_CLOSED(what)
    if (this.#phase !== 'running') throw new AIO_ERR_RUNNER_NOT_SET_UP('swap')
  }

  /** A server for a site, which is not listening yet. */
  createServer (tls: TLSOptions | undefined): HttpServer {
    return createSiteServer({ ...this.served(), connections: this.connections, hardening: this.#hardening, tls })
  }

  /** Takes up a site that has begun to listen. */
  register (site: BaseSite): void {
    this.#sites.add(site)
  }

  /** Forgets a site that has stopped. */
  unregister (site: BaseSite): void {
    this.#sites.delete(site)
  }

  protected abstract get log (): RunnerLog
  protected abstract prepare (): Promise<void>
  protected abstract served (): Served
  protected abstract cancelStart (): void
  protected abstract lame (): void
  protected abstract notify (): Promise<void>
  protected abstract giveUp (): void
  protected abstract teardown (): Promise<void>
  protected abstract work (): Work
  protected abstract endWork (): void
  protected abstract failures (): string[]
  protected abstract waitingFor (): string | null

  protected generations (): GenerationReport[] {
    return []
  }

  async #begin (): Promise<void> {
    if (this.options.handleSignals) {
      this.#forgetSignals = handleProcessSignals(this, { stop: () => { this.cleanup().catch(() => {}) } })
    }
    await this.prepare()
    this.#hardening?.start()
    this.#phase = 'running'
  }

  async #end (): Promise<void> {
    // A hook that is running is waited for: what it opens meanwhile has to be closed.
    this.cancelStart()
    await this.#setup?.catch(() => {})
    const sites = [...this.#sites]
    this.#shutdown = new Shutdown({
      connections: this.connections,
      options: this.options,
      log: this.log,
      servers: () => sites.flatMap(({ servers }) => servers),
      closeListeners: () => { for (const site of sites) site.closeListeners() },
      releaseSites: () => this.#release(sites),
      lame: () => this.lame(),
      notify: () => this.notify(),
      giveUp: () => this.giveUp(),
      cleanup: () => this.teardown(),
      work: () => this.work(),
      endWork: () => this.endWork(),
      failures: () => this.failures(),
      waitingFor: () => this.waitingFor()
    })
    if (this.#hurried) this.#shutdown.hurry()
    try {
      await (this.#phase === 'running' ? this.#shutdown.run() : this.#shutdown.runCleanup())
    } finally {
      this.#hardening?.stop()
      this.#forgetSignals?.()
    }
  }

  async #release (sites: readonly BaseSite[]): Promise<void> {
    const results = await Promise.allSettled(sites.map(site => site.released()))
    for (const site of sites) this.unregister(site)
    const errors = results.flatMap(result => result.status === 'rejected' ? [result.reason as unknown] : [])
    if (errors.length > 0) throw new AggregateError(errors, 'Cannot release all sites')
  }
}
