/** A server or a client in a process of its own: started, pinned to a processor, asked, ended, and what it costs. */

import { execFileSync, fork, spawn, spawnSync, type ChildProcess, type ForkOptions } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** Where a program runs: servers on the first processor, what loads them on the second, clusters on both. */
export type Processors = '0' | '1' | '0,1'

/** How a program is started. */
export interface StartOptions {
  /** @default '0' */
  readonly processors?: Processors
  /** Arguments for Node, beside those for TypeScript. */
  readonly execArgv?: string[]
}

/** A running program. */
export class Program {
  readonly child: ChildProcess
  readonly port: number

  private constructor (child: ChildProcess, port: number) {
    this.child = child
    this.port = port
  }

  /** Starts one of ours, named by its path below this folder; it tells `{ port }` when it is ready. */
  static async fork (file: string, args: string[] = [], options: StartOptions = {}): Promise<Program> {
    const { processors = '0', execArgv = [] } = options
    const child = fork(new URL(`./${file}`, import.meta.url), args, forkOptions(execArgv))
    pin(child.pid, processors)
    const [message] = await Promise.race([once(child, 'message'), exitOf(child, file)]) as [{ port?: number }]
    return new Program(child, message.port ?? 0)
  }

  /** Starts another program and waits until it listens. */
  static async spawn (command: string, args: string[], port: number, options: StartOptions = {}): Promise<Program> {
    const { processors = '0' } = options
    const [program = command, ...rest] = canPin ? ['taskset', '-c', processors, command, ...args] : [command, ...args]
    const child = spawn(program, rest, { stdio: 'ignore' })
    await Promise.race([untilListening(port), exitOf(child, command)])
    return new Program(child, port)
  }

  /** Sends a message to one of ours and waits for what it answers. */
  async ask<Answer = number> (message: unknown): Promise<Answer> {
    this.child.send(message as object)
    const given = new AbortController()
    const answer = once(this.child, 'message')
    const [value] = await Promise.race([answer, exitOf(this.child, 'the program', given)]) as [Answer]
    given.abort()
    return value
  }

  /** Microseconds of processor time so far, children included. */
  cpu (): number {
    return tree(this.child.pid).reduce((sum, pid) => sum + cpuOf(pid), 0)
  }

  /** Bytes of memory in use, children included. */
  memory (): number {
    return tree(this.child.pid).reduce((sum, pid) =>
      sum + Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024, 0)
  }

  /** Ends it with its children. */
  stop (): void {
    for (const pid of tree(this.child.pid)) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
  }
}

/** Whether a program is installed. */
export function canRun (program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).error === undefined
}

const canPin = canRun('taskset', '-V')

/** Gives a process its processors, where the system can. */
export function pin (pid: number | undefined, processors: Processors): void {
  if (canPin) execFileSync('taskset', ['-a', '-p', '-c', processors, String(pid)], { stdio: 'ignore' })
}

/** The command in front of what is to run on some processors. */
export function pinned (processors: Processors): string[] {
  return canPin ? ['taskset', '-c', processors] : []
}

/** A port that nobody listened at a moment ago. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** Asks again until somebody listens. */
async function untilListening (port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const socket = connect(port, '127.0.0.1')
    const listens = await once(socket, 'connect').then(() => true, () => false)
    socket.destroy()
    if (listens) return
    await pause(20)
  }
  throw new Error(`Nobody listens on ${port}`)
}

/** Rejects when the program ends before the signal is given. */
function exitOf (child: ChildProcess, name: string, { signal }: { signal?: AbortSignal } = {}): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onExit = (status: number | null) => reject(new Error(`${name} has ended with ${status}`))
    child.once('exit', onExit)
    signal?.addEventListener('abort', () => child.off('exit', onExit))
  })
}

function forkOptions (execArgv: string[]): ForkOptions {
  return { execArgv: ['--import=tsx', ...execArgv], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }
}

/** A process and all below it. */
function tree (pid: number | undefined): number[] {
  if (pid === undefined) return []
  const children = list(`/proc/${pid}/task`)
    .flatMap(task => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number))
  return [pid, ...children.flatMap(child => tree(child))]
}

/** The first number of each thread's schedstat: nanoseconds on a processor, exact to the switch. */
function cpuOf (pid: number): number {
  return list(`/proc/${pid}/task`)
    .reduce((sum, task) => sum + Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1000, 0)
}

function list (folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
