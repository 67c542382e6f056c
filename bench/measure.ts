/** Starts a server in a process of its own and measures it under load. */

import { execFile, execFileSync, fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
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
  /** Seconds. */
  readonly duration: number
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
    const { requests, seconds } = await run(`http://127.0.0.1:${this.port}${load.path}`, load)
    const after = await this.#usage()
    const used = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system
    return { rate: requests / seconds, cpu: used / requests }
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

/** Whether wrk is there: autocannon is slower than what it measures, so that throughput says nothing. */
export const hasWrk = canRun('wrk', '-v')

const canPin = canRun('taskset', '-V')

/** Loads an address and counts the answers; a failure is an error. */
async function run (
  url: string, { connections, duration }: LoadOptions
): Promise<{ requests: number, seconds: number }> {
  if (!hasWrk) {
    const result = await autocannon({ url, connections, duration })
    if (result.non2xx + result.errors > 0) throw new Error(`${url}: ${result.non2xx + result.errors} failures`)
    return { requests: result.requests.total, seconds: result.duration }
  }
  const [program = '', ...args] = [
    ...(canPin ? ['taskset', '-c', '1'] : []), 'wrk', '-t1', `-c${connections}`, `-d${duration}`, url
  ]
  const { stdout } = await promisify(execFile)(program, args)
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(stdout) ?? []
  if (requests === undefined || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`${url}: ${stdout}`)
  return { requests: Number(requests), seconds: Number(seconds) }
}

/** Server and load each on a processor of its own, where the system can. */
export function pin (pid: number | undefined, processor: number): void {
  if (canPin) execFileSync('taskset', ['-a', '-p', '-c', String(processor), String(pid)], { stdio: 'ignore' })
}

function canRun (program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).error === undefined
}
