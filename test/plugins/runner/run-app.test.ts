import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Scenario } from '../../fixtures/run-app.ts'
import { bundleFixture } from '../../bundle.ts'
import { shortFolder } from '../../helper.ts'
import { get, Raw } from '../../raw.ts'

const fixture = await bundleFixture(t, 'run-app.ts')

/** The fixture as a child process, and everything it said. */
class Program {
  readonly child: ChildProcess
  readonly exit: Promise<{ code: number | null, signal: string | null }>
  text = ''
  errors = ''

  constructor (t: Test, scenario: Scenario) {
    const { TERMINATION_GRACE_SECONDS: _, ...env } = process.env
    this.child = spawn(process.execPath, ['--enable-source-maps', fixture, JSON.stringify(scenario)], { env })
    t.teardown(() => this.child.kill('SIGKILL'))
    this.child.stdout?.on('data', data => { this.text += String(data) })
    this.child.stderr?.on('data', data => { this.errors += String(data) })
    this.child.stdin?.on('error', () => {})
    this.exit = once(this.child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  get lines (): string[] {
    return this.text.trim().split('\n')
  }

  /** Waits for a text on standard output. */
  async says (text: string): Promise<void> {
    while (!this.text.includes(text)) {
      const over = await Promise.race([once(this.child.stdout ?? this.child, 'data'), this.exit.then(() => 'over')])
      if (over === 'over' && !this.text.includes(text)) {
        throw new Error(`ended without "${text}":\n${this.text}\n${this.errors}`)
      }
    }
  }

  /** Sends a signal and waits until the program has got it. */
  async signal (signal: NodeJS.Signals): Promise<void> {
    const before = this.text.split(`got ${signal}`).length
    this.child.kill(signal)
    while (this.text.split(`got ${signal}`).length === before) {
      if (await Promise.race([once(this.child.stdout ?? this.child, 'data'), this.exit.then(() => 'over')]) === 'over') {
        return
      }
    }
  }

  openGate (): void {
    this.child.stdin?.write('open\n')
  }

  async port (): Promise<number> {
    await this.says('(Press CTRL+C to quit)')
    return Number(/:(\d+) =/.exec(this.text)?.[1])
  }

  async request (t: Test, path: string): Promise<Raw> {
    const raw = await Raw.open(t, { port: await this.port() })
    raw.write(get(path))
    return raw
  }
}

t.test('the banner names all sites, sorted', async t => {
  const path = join(shortFolder(t), 's')
  const one = new Program(t, {})
  const all = new Program(t, { options: { host: ['localhost', '127.0.0.1'], path }, source: 'factory' })
  const quiet = new Program(t, { options: { print: null, path }, source: 'promise', hold: ['startup'] })
  const port = await one.port()

  t.match(one.text, `\n======== Running on http://127.0.0.1:${port} ========\n(Press CTRL+C to quit)\n`)
  await all.says('(Press CTRL+C to quit)')
  t.match(all.text, new RegExp(
    `\n======== Running on http://127.0.0.1:\\d+, http://localhost:\\d+, http://unix:${path}: ========\n`))
  await all.signal('SIGTERM')
  t.same(await all.exit, { code: 0, signal: null })

  await quiet.says('startup begins')
  quiet.openGate()
  await quiet.says('startup done')
  await one.signal('SIGINT')
  await quiet.signal('SIGINT')
  t.same(await one.exit, { code: 0, signal: null })
  t.same(await quiet.exit, { code: 0, signal: null })
  t.notMatch(quiet.text, 'Running on')
  t.equal(one.errors + all.errors + quiet.errors, '')
  t.equal(one.lines.at(-1), 'runApp resolved')
})

/** How to hold the process in a phase, and by what one knows that it is there. */
const held: Record<string, { scenario: Scenario, there: string, path?: string, gate: boolean }> = {
  startup: { scenario: { hold: ['startup'] }, there: 'startup begins', gate: true },
  lame: { scenario: { options: { shutdownDelay: 60_000 } }, there: 'phase lame', gate: false },
  notify: { scenario: { hold: ['shutdown'] }, there: 'shutdown begins', gate: true },
  drain: { scenario: {}, there: 'phase drain', path: '/gate', gate: true },
  cancel: {
    scenario: { options: { shutdownTimeout: 50, cancelTimeout: 60_000 } }, there: 'phase cancel', path: '/gate', gate: true
  },
  cleanup: { scenario: { hold: ['cleanup'] }, there: 'cleanup begins', gate: true }
}

/** Starts the fixture, sends signals while it is in the phase, and waits for its end. */
async function stopIn (t: Test, phase: string, count: number, first: NodeJS.Signals): Promise<Program> {
  const { scenario, there, path, gate } = held[phase]!
  // What shall still be there for the third signal has to be held to the end; one signal waits out the delay.
  const hold = [...scenario.hold ?? [], ...count === 3 ? ['cleanup' as const] : []]
  const short = phase === 'lame' && count === 1 ? { shutdownDelay: 100 } : {}
  const program = new Program(t, { ...scenario, hold, options: { ...scenario.options, ...short } })
  const second = first === 'SIGINT' ? 'SIGTERM' : 'SIGINT'

  if (phase === 'startup') await program.says(there)
  else await program.port()
  if (path !== undefined) {
    await program.request(t, path)
    await program.says('request begins')
  }
  await program.signal(first)
  if (phase !== 'startup') await program.says(there)
  if (count >= 2) await program.signal(second)
  if (count === 3) {
    if (phase !== 'startup') await program.says('cleanup begins')
    await program.signal(first)
  } else if (gate) {
    program.openGate()
  }
  await program.exit
  return program
}

for (const [index, phase] of Object.keys(held).entries()) {
  t.test(`SIGINT and SIGTERM once, twice and three times in the phase ${phase}`, async t => {
    const first = index % 2 === 0 ? 'SIGTERM' : 'SIGINT'
    const [once, twice, thrice] = await Promise.all([1, 2, 3].map(count => stopIn(t, phase, count, first)))

    for (const program of [once!, twice!]) {
      // A receiver that was given up has failed.
      const givenUp = phase === 'notify' && program === twice
      t.same(await program.exit, { code: givenUp ? 1 : 0, signal: null }, program.text + program.errors)
      t.match(program.text, 'context left')
      // An app that has not started gets no signals at its end.
      const told = phase === 'startup' ? 0 : 1
      t.equal(program.text.split('cleanup done').length, 1 + told)
      if (givenUp) t.match(program.errors, /AIO_ERR_HOOK_TIMEOUT/)
      else t.equal(program.lines.at(-1), 'runApp resolved')
      t.equal(program.text.split('shutdown begins').length, 1 + told, 'the app was told once, if it had started')
    }
    t.same(await thrice!.exit, { code: first === 'SIGINT' ? 130 : 143, signal: null }, thrice!.text)
    t.notMatch(thrice!.text, 'cleanup done')
    t.match(thrice!.errors, /^Exit on the third signal in phase \w+: waiting for .+$/m)
    if (phase === 'startup') t.notMatch(once!.text, 'Running on')
  })
}

t.test('the same signal again within 100 ms is an echo', async t => {
  const program = new Program(t, { hold: ['shutdown'] })
  await program.port()

  await program.signal('SIGINT')
  await program.says('shutdown begins')
  // A burst is over long before the echo ends, and the kernel may deliver less of it, never more.
  for (let index = 0; index < 5; index += 1) program.child.kill('SIGINT')
  await program.signal('SIGINT')
  program.openGate()

  t.same(await program.exit, { code: 0, signal: null })
  t.equal(program.errors, '')
})

t.test('an error that nobody caught stops the app, and the status is 1', async t => {
  const stop = async (path: string, draining: boolean) => {
    const program = new Program(t, { hold: draining ? ['shutdown'] : [] })
    const raw = await Raw.open(t, { port: await program.port() })
    if (draining) {
      raw.write('GET ')
      await program.signal('SIGTERM')
      await program.says('shutdown begins')
      raw.write(get(path).slice(4))
    } else {
      raw.write(get(path))
    }
    t.same(await program.exit, { code: 1, signal: null }, program.text + program.errors)
    t.match(program.text, 'context left')
    t.match(program.text, 'cleanup done')
    t.match(program.errors, /Stopping after an error that nobody caught: Error: (thrown|rejected) by nobody\n {4}at/)
  }

  await Promise.all([stop('/throw', false), stop('/reject', false), stop('/throw', true), stop('/reject', true)])
})

t.test('a failed start leaves what had started, and the status is 1', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const taken = new Program(t, { options: { port } })
  const failed = new Program(t, { fail: 'startup' })

  t.same(await taken.exit, { code: 1, signal: null })
  t.match(taken.errors, /EADDRINUSE/)
  t.match(taken.text, 'cleanup done')
  t.same(await failed.exit, { code: 1, signal: null })
  t.match(failed.errors, /the startup failed/)
  for (const { text } of [taken, failed]) {
    t.match(text, 'context left')
    t.notMatch(text, 'Running on')
  }
})

t.test('a failed hook of the shutdown does not keep the others from running, and the status is 1', async t => {
  await Promise.all((['shutdown', 'cleanup'] as const).map(async fail => {
    const program = new Program(t, { fail })
    await program.port()
    await program.signal('SIGTERM')

    t.same(await program.exit, { code: 1, signal: null })
    t.match(program.errors, `the ${fail} failed`)
    t.match(program.text, 'cleanup begins')
    t.match(program.text, 'context left')
  }))
})

t.test('the hard deadline ends a process that waits with 124, and one that spins with SIGKILL', async t => {
  const waits = async () => {
    const program = new Program(t, { hold: ['cleanup'], options: { hardDeadline: 500 } })
    await program.port()
    await program.signal('SIGTERM')
    t.same(await program.exit, { code: 124, signal: null })
    t.match(program.errors, /Exit at the hard deadline of 500 ms in phase cleanup\n.*waiting for .*onCleanup/)
  }
  const spins = async () => {
    const program = new Program(t, { options: { hardDeadline: 1000 } })
    await program.request(t, '/spin')
    await program.says('request begins')
    await program.signal('SIGTERM')
    const begin = performance.now()
    t.same(await program.exit, { code: null, signal: 'SIGKILL' })
    t.ok(performance.now() - begin < 1500, 'long before the handler ends')
    t.match(program.errors, /hard deadline of 1000 ms in phase drain: event loop blocked for \d+ ms/)
  }

  await waits()
  await spins()
})

t.test('a process with something left open ends after the grace and says what it was', async t => {
  const program = new Program(t, { leak: true })
  await program.port()

  await program.signal('SIGTERM')

  t.same(await program.exit, { code: 0, signal: null })
  t.match(program.errors, /^Exit although something is still open: .*TCPServerWrap/m)
})

/** An app that notes its end, for the tests in this process. */
