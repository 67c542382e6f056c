/**
 * `--watch`: runs a module, and swaps a fresh one in under the open sockets whenever a file of it changes.
 *
 * @module
 */

import { getHeapStatistics } from 'node:v8'
import type { FastifyInstance } from 'fastify'
import { runApp, type AppRunner, type RunAppOptions } from '../plugins/runner/index.ts'
import { explain, UsageError } from './failure.ts'
import { loadApp, type Target } from './load.ts'
import { Reloader } from './reload.ts'
import { FileWatcher } from './watch.ts'

/** How long requests of the old app have, in milliseconds: whoever develops does not want to wait. */
const SHUTDOWN_TIMEOUT = 5000

/** How full the heap may be before a restart is advised. */
const FULL = 0.7

/** Where to print. */
interface Printers {
  print: (line: string) => void
  printError: (line: string) => void
}

/**
 * Runs the module until the process is told to stop.
 *
 * @throws UsageError when there is no such module; the errors of `runApp()`
 */
export async function runWatching (target: Target, options: RunAppOptions, printers: Printers): Promise<void> {
  const session = new Session(target, printers)
  try {
    await runApp(await session.firstApp(), { ...options, onRunning: runner => { session.begin(runner) } })
  } finally {
    session.end()
  }
}

/** From the first load to the end of the process. */
class Session {
  readonly #target: Target
  readonly #printers: Printers
  readonly #reloader = new Reloader()
  readonly #watcher = new FileWatcher(() => this.#onChange())
  #runner: AppRunner | null = null
  #busy = false
  #changed = false
  #warned = false
  #onFirstChange = () => {}

  constructor (target: Target, printers: Printers) {
    this.#target = target
    this.#printers = printers
  }

  /** The app; one that cannot be loaded yet is waited for. */
  async firstApp (): Promise<FastifyInstance> {
    for (;;) {
      try {
        return await this.#load()
      } catch (error) {
        // Without a module there is nothing to watch.
        if (error instanceof UsageError && this.#reloader.files.size === 0) throw error
        this.#printers.printError(explain(error).line)
        this.#printers.print('Waiting for a change …')
        await new Promise<void>(resolve => { this.#onFirstChange = resolve })
      }
    }
  }

  begin (runner: AppRunner): void {
    this.#runner = runner
  }

  end (): void {
    this.#watcher[Symbol.dispose]()
  }

  async #load (): Promise<FastifyInstance> {
    this.#watcher.anyFile = true
    try {
      const app = await loadApp(this.#target, url => this.#reloader.import(url))
      this.#watcher.anyFile = false
      return app
    } finally {
      this.#watcher.add(this.#reloader.files)
    }
  }

  #onChange (): void {
    this.#onFirstChange()
    if (this.#runner === null) return
    this.#changed = true
    if (!this.#busy) this.#reload(this.#runner).catch((error: unknown) => this.#report(error))
  }

  async #reload (runner: AppRunner): Promise<void> {
    this.#busy = true
    try {
      while (this.#changed && runner.phase === 'running') {
        this.#changed = false
        await this.#swap(runner).catch((error: unknown) => this.#report(error))
      }
    } finally {
      this.#busy = false
    }
  }

  async #swap (runner: AppRunner): Promise<void> {
    const begin = performance.now()
    const app = await this.#load()
    try {
      const { generation } = await runner.swap(app, { shutdownTimeout: SHUTDOWN_TIMEOUT })
      const time = Math.round(performance.now() - begin)
      this.#printers.print(`Reloaded ${this.#target.module} in ${time} ms (generation ${generation})`)
    } catch (error) {
      this.#watcher.anyFile = true
      throw error
    }
    this.#checkMemory()
  }

  #report (error: unknown): void {
    if (this.#runner?.phase !== 'running') return
    this.#printers.printError(`${explain(error).line}\nThe app before this change goes on serving.`)
  }

  /** Node keeps every module it has loaded. */
  #checkMemory (): void {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
    if (this.#warned || used < limit * FULL) return
    this.#warned = true
    this.#printers.printError(`fastify-aiohttp: ${Math.round(100 * used / limit)} % of the heap are full of old ` +
      'modules: restart the server')
  }
}
