/** Starts a server in a process of its own and measures it under load. */

import { execFileSync, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'

/** What one round showed. */
export interface Sample {
  /** Requests a second. */
  readonly rate: number
  /** Microseconds of the server's CPU for each request: the steadier figure on a noisy machine. */
  readonly cpu: number
}

/** How to load a server. */
export interface LoadOptions {
  readonly path: string
  readonly connections: number
  /** How many requests make a round. */
  readonly amount: number
}

interface Usage {
  cpu: { user: number, system: number }
}

/** A server program with its arguments. */
export class Server {
  readonly #child: ChildProcess
  readonly port: number

  private constructor (child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  static async start (program: string, ...args: string[]): Promise<Server> {
    const file = new URL(`./servers/${program}.ts`, import.meta.url)
    const child = fork(file, args, { execArgv: ['--import=tsx'] })
    pin(child.pid, 0)
    const [{ port }] = await once(child, 'message') as [{ port: number }]
    return new Server(child, port)
  }

  /** Loads the server and divides what it used by what it answered. */
  async measure (load: LoadOptions): Promise<Sample> {
    const before = await this.#usage()
    const begin = performance.now()
    const result = await autocannon({
      url: `http://127.0.0.1:${this.port}${load.path}`, connections: load.connections, amount: load.amount
    })
    const seconds = (performance.now() - begin) / 1000
    const after = await this.#usage()
    if (result.non2xx + result.errors > 0) throw new Error(`${load.path}: ${result.non2xx + result.errors} failures`)
    const used = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system
    return { rate: result.requests.total / seconds, cpu: used / result.requests.total }
  }

  stop (): void {
    this.#child.kill('SIGKILL')
  }

  async #usage (): Promise<Usage> {
    this.#child.send('usage')
    const [usage] = await once(this.#child, 'message') as [Usage]
    return usage
  }
}

/** Server and load each on a processor of its own, where the system can. */
export function pin (pid: number | undefined, processor: number): void {
  try {
    execFileSync('taskset', ['-a', '-p', '-c', String(processor), String(pid)], { stdio: 'ignore' })
  } catch {
    // Not on this system, or a single processor: the rounds alternate, so the ratio holds all the same.
  }
}
