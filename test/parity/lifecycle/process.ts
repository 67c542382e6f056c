/**
 * Plays a scenario against a process of its own, which runs `runApp()` or our command line.
 *
 * @module
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { constants } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Address } from './client.ts'
import { Clients } from './clients.ts'
import { exitTime, Journal, now } from './journal.ts'
import type { Outcome, Scenario, Step } from './scenario.ts'
import { bind, portOf } from './sockets.ts'

const server = fileURLToPath(new URL('../../../server.ts', import.meta.url))
const cliApp = new URL('cli-app.ts', import.meta.url)
const loader = import.meta.resolve('tsx')

/** How long a process may take to be ready or to log an event: loading takes a while on a busy machine. */
const START_PATIENCE = 30_000
/** How long it may take to end; it may have to load first. */
const EXIT_PATIENCE = 12_000
/** How long to wait once a port answers, in milliseconds. */
const SETTLE = 150
/** How long clients may still see something after the last step, in milliseconds. */
const LAST_LOOK = 50

/** The verbs of scripts of processes; those of clients come to them. */
const verbs: Readonly<Record<string, (run: Run, step: Step) => unknown>> = {
  ready: run => run.ready(),
  event: (run, { text = '' }) => run.event(text),
  signal: (run, { signal }) => run.signal(signal as NodeJS.Signals),
  wait: (_run, { ms }) => sleep(ms),
  exit: run => run.exit(),
  file: (run, { path: name = '' }) => run.file(name),
  // Done before the process starts.
  'hold-port': () => {}
}

/** The verbs of scripts of processes. */
export const processVerbs = Object.keys(verbs)

/** Plays the scenario in an empty directory; `program` is the bundle of `child.ts`. */
export async function playProcess (scenario: Scenario, directory: string, program: string): Promise<Outcome> {
  const held = await bind(0)
  const port = portOf(held)
  const holds = scenario.script.some(step => step.do === 'hold-port')
  if (!holds) await closed(held)
  try {
    return await new Run(scenario, directory, port, program).run()
  } finally {
    if (holds) await closed(held)
  }
}

function closed (held: Server): Promise<unknown> {
  return new Promise(resolve => { held.close(resolve) })
}

class Run {
  readonly #scenario: Scenario
  readonly #directory: string
  readonly #port: number
  readonly #journal = new Journal()
  readonly #clients: Clients
  readonly #began = now()
  readonly #child: ChildProcess
  readonly #stdout: Promise<string>
  readonly #told: Promise<void>
  readonly #ended: Promise<{ code: number | null, at: number }>

  constructor (scenario: Scenario, directory: string, port: number, program: string) {
    this.#scenario = scenario
    this.#directory = directory
    this.#port = port
    this.#clients = new Clients(this.#journal, to => to == null ? port : this.#fill(to) as Address)
    this.#child = this.#start(program)
    this.#stdout = text(this.#child.stdio[1] as Readable)
    this.#told = this.#listen(this.#child.stdio[3] as Readable)
    this.#ended = new Promise(resolve => {
      this.#child.once('exit', (code, signal) => {
        resolve({ code: signal === null ? code : -constants.signals[signal], at: now() })
      })
    })
  }

  async run (): Promise<Outcome> {
    try {
      for (const step of this.#scenario.script) {
        if (await this.#clients.perform(step)) continue
        const verb = verbs[step.do]
        if (verb === undefined) throw new Error(`Unknown step "${step.do}"`)
        await verb(this, step)
      }
      await this.exit()
      await sleep(LAST_LOOK)
      const { code, at } = await this.#ended
      const zero = this.#journal.zero
      const lines = (await this.#stdout).split('\n').slice(0, -1)
      return {
        events: [...this.#journal.entries],
        client: this.#clients.reports(),
        exit: { code, ...zero === undefined ? {} : { at: exitTime(at - zero) } },
        stdout: lines.map(line => this.#clean(line))
      }
    } finally {
      this.#child.kill('SIGKILL')
      this.#clients.closeAll()
    }
  }

  /** Waits until something listens, or the process has ended. */
  async ready (): Promise<void> {
    const address = this.#scenario.readyAt === undefined ? this.#port : String(this.#fill(this.#scenario.readyAt))
    const until = now() + START_PATIENCE
    while (now() < until && this.#child.exitCode === null && this.#child.signalCode === null) {
      if (await listensAt(address)) {
        await sleep(SETTLE)
        return
      }
      await sleep(20)
    }
  }

  async event (text: string): Promise<void> {
    const until = now() + START_PATIENCE
    while (now() < until && this.#child.exitCode === null) {
      if (this.#journal.has(text)) return
      await sleep(5)
    }
    this.#journal.add(`never: ${text}`)
  }

  signal (signal: NodeJS.Signals): void {
    if (this.#journal.zero === undefined) this.#journal.mark()
    this.#child.kill(signal)
  }

  /** Waits for the end of the process; one that does not end is killed, and said so. */
  async exit (): Promise<void> {
    const limit = setTimeout(() => {
      this.#journal.add('never: exit')
      this.#child.kill('SIGKILL')
    }, EXIT_PATIENCE)
    await this.#ended
    await this.#told
    clearTimeout(limit)
  }

  file (name: string): void {
    const there = existsSync(path.join(this.#directory, name))
    this.#journal.add(`file ${name} ${there ? 'there' : 'none'}`, this.#began)
  }

  #start (program: string): ChildProcess {
    const { cli } = this.#scenario
    const command = cli === undefined ? [program] : [`--import=${loader}`, server, ...this.#commandLine(cli)]
    return spawn(process.execPath, command, {
      cwd: this.#directory,
      stdio: ['ignore', 'pipe', process.env.NODE_DEBUG === undefined ? 'ignore' : 'inherit', 'pipe'],
      // Where nothing else says so, the command line takes the port from here.
      env: { ...process.env, PORT: String(this.#port), SCENARIO: JSON.stringify(this.#fill(this.#scenario)) }
    })
  }

  /** Modules are files here: `cli_app:make` is `cli_app.ts:make`. */
  #commandLine (cli: readonly (string | number)[]): string[] {
    writeFileSync(path.join(this.#directory, 'package.json'), '{ "type": "module" }')
    writeFileSync(path.join(this.#directory, 'cli_app.ts'), `export * from '${cliApp.href}'\n`)
    const words = cli.map(word => String(this.#fill(word)))
    const at = words.findIndex((word, index) => !word.startsWith('-') && !/^-[HPU]$/.test(words[index - 1] ?? ''))
    if (at >= 0) words[at] = words[at]?.replace(/^([^:]+)/, '$1.ts') ?? ''
    return words
  }

  async #listen (events: Readable): Promise<void> {
    for await (const line of createInterface({ input: events })) {
      const [at = '', ...event] = line.split(' ')
      this.#journal.add(event.join(' '), Number(at))
    }
  }

  #fill (value: unknown): unknown {
    if (Array.isArray(value)) return value.map(item => this.#fill(item))
    if (value === '{port}') return this.#port
    if (typeof value === 'string') return value.replaceAll('{port}', String(this.#port)).replaceAll('{dir}', this.#directory)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#fill(item)]))
  }

  #clean (line: string): string {
    return line
      .replaceAll(this.#directory, '{dir}')
      .replaceAll(`:${this.#port}`, ':{port}')
      .replace(/127\.0\.0\.1:\d{4,5}\b/g, '127.0.0.1:{other}')
  }
}

function listensAt (address: Address): Promise<boolean> {
  return new Promise(resolve => {
    const socket = typeof address === 'string' ? connect(address) : connect(address, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
