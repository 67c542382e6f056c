import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { Agent, request } from 'node:http'

const root = fileURLToPath(new URL('../..', import.meta.url))

const dir = t.testdir({
  'app.ts': `
    import Fastify, { type FastifyInstance } from 'fastify'
    export async function create (...args: string[]): Promise<FastifyInstance> {
      const app = Fastify()
      app.get('/', async () => 'args: ' + args.join(' '))
      app.get('/line', async () => { console.log('a line'); return 'printed' })
      return app
    }
    export function unstartable () {
      const app = Fastify()
      app.addHook('onReady', async () => { throw new Error('no database') })
      return app
    }
    export function unclosable () {
      const app = Fastify()
      app.addHook('onClose', async () => { throw new Error('cannot flush') })
      return app
    }
    export const number = 5
    export default create`,
  'endless.ts': 'await new Promise(() => {})',
  'throws.ts': 'throw new Error("broken")',
  file: ''
})
const app = path.join(dir, 'app.ts')

t.test('an app answers on the port of the banner and ends with 0 after SIGTERM', async t => {
  const server = start(t, '--port', '0', `${app}:create`, 'a', '--', '--b')

  const url = await server.url
  t.match(server.stdout(), /^======== Running on http:\/\/127\.0\.0\.1:\d+ ========\n\(Press CTRL\+C to quit\)\n$/)
  t.equal(await (await fetch(url)).text(), 'args: a --b')

  server.child.kill('SIGTERM')
  t.same(await server.exit, { code: 0, signal: null })
  t.equal(server.stderr(), '')
})

t.test('it goes on when nobody reads its lines any more', async t => {
  const server = start(t, '--port', '0', `${app}:create`)
  const url = await server.url
  server.child.stdout.destroy()

  for (let times = 0; times < 3; times++) t.equal(await (await fetch(`${url}/line`)).text(), 'printed')

  server.child.kill('SIGTERM')
  t.same(await server.exit, { code: 0, signal: null })
})

// Its own test (examples/polls-crash.test.ts) has the time for its database to start.
t.test('without a module the demo runs', async t => {
  const { exit, stderr } = start(t, { DATABASE_URL: 'postgres://127.0.0.1:1/polls' }, '--port', '0')

  t.same(await exit, { code: 1, signal: null })
  t.match(stderr(), /^fastify-aiohttp: Cannot reach the database server at 127\.0\.0\.1:1/)
})

t.test('a file says what to run and where, what is wrong with it ends with 2', async t => {
  const folder = t.testdir({
    'server.yaml': `module: ${app}:create\nsites:\n- { host: 127.0.0.1, port: 0 }\n- { path: ${path.join(dir, 'c.sock')} }\n`,
    'wrong.yaml': 'prot: 1\nport: x'
  })
  const server = start(t, '--config', path.join(folder, 'server.yaml'))
  t.equal(await (await fetch(await server.url)).text(), 'args: ')
  t.match(server.stdout(), 'c.sock')

  const wrong = start(t, '-c', path.join(folder, 'wrong.yaml'))
  t.same(await wrong.exit, { code: 2, signal: null })
  t.match(wrong.stderr(), /^fastify-aiohttp: Invalid configuration: .+wrong\.yaml:1: Unknown key "prot".+wrong\.yaml:2: .+\n$/)
})

t.test('HOST and PORT come from the environment, the default export is run', async t => {
  const server = start(t, { HOST: 'localhost', PORT: '0' }, app)

  t.equal(await (await fetch(await server.url)).text(), 'args: ')
})

t.test('a path alone serves the Unix socket only', async t => {
  const socketPath = path.join(dir, 's')
  const server = start(t, { PORT: '1' }, '--path', socketPath, app)

  t.equal(await server.url, `http://unix:${socketPath}:`)
  const [response] = await once(request({ socketPath, path: '/', agent: new Agent() }).end(), 'response')
  t.equal(response.statusCode, 200)
  response.resume()
})

t.test('--help and --version print to stdout and end with 0', async t => {
  const [help, version] = await Promise.all([run('--help'), run('--version')])

  t.match(help, { code: 0, stdout: /--port/, stderr: '' })
  t.match(version, { code: 0, stdout: /^fastify-aiohttp \d+\.\d+\.\d+\n$/, stderr: '' })
})

t.test('a wrong command line ends with 2 and one line on stderr', async t => {
  const cases = [
    ['--prot', '80'], ['--port', '65536', app], [path.join(dir, 'absent.ts')], [`${app}:absent`], [`${app}:number`],
    ['--path', `/tmp/${'x'.repeat(200)}`, app]
  ]
  for (const result of await Promise.all(cases.map(argv => run(...argv)))) {
    t.match(result, { code: 2, stdout: '', stderr: /^fastify-aiohttp: [^\n]+\n$/ })
  }
})

t.test('a failure ends with 1 and one line on stderr', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const cases: [message: RegExp, argv: string[]][] = [
    [/broken \(.*throws\.ts:1/, [path.join(dir, 'throws.ts')]],
    [/never settles/, [path.join(dir, 'endless.ts')]],
    [/no database/, ['--port', '0', `${app}:unstartable`]],
    [/another process uses that address/, ['--port', String(port), app]],
    [/does not have that address/, ['--host', '192.0.2.1', '--port', '0', app]],
    [/no such host|cannot be resolved/, ['--host', 'nowhere.invalid', app]],
    [/directory does not exist/, ['--path', path.join(dir, 'absent/s'), app]],
    [/no directory/, ['--path', path.join(dir, 'file/s'), app]],
    [/something other than a socket/, ['--path', path.join(dir, 'file'), app]]
  ]
  for (const [message, argv] of cases) {
    const result = await run(...argv)
    t.match(result, { code: 1, stdout: '', stderr: /^fastify-aiohttp: [^\n]+\n$/ }, argv.join(' '))
    t.match(result.stderr, message)
  }
})

t.test('a failing shutdown ends with 1 and says why', async t => {
  const server = start(t, '--port', '0', `${app}:unclosable`)
  await server.url

  server.child.kill('SIGINT')

  t.match(await server.exit, { code: 1 })
  t.match(server.stderr(), /^fastify-aiohttp: [^\n]*cannot flush\n$/)
})

/** Starts the command as a user does. */
function start (t: Test | null, ...argv: (string | Record<string, string>)[]) {
  const env = argv.filter(item => typeof item === 'object')
  const args = argv.filter(item => typeof item === 'string')
  const child = spawn(process.execPath, ['--import=tsx', path.join(root, 'server.ts'), ...args], {
    cwd: root,
    env: Object.assign({ PATH: process.env.PATH }, ...env),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', text => { stderr += text })
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', text => {
      stdout += text
      const found = /Running on ([^\s,]+).*\n.*\n/.exec(stdout)
      if (found !== null) resolve(found[1]!)
    })
    child.once('close', () => reject(new Error(`It ended: ${stderr}`)))
  })
  url.catch(() => {})
  const exit = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  t?.teardown(async () => {
    child.kill('SIGKILL')
    await exit
  })
  return { child, url, exit, stdout: () => stdout, stderr: () => stderr }
}

async function run (...argv: string[]) {
  const { exit, stdout, stderr } = start(null, ...argv)
  const { code } = await exit
  return { code, stdout: stdout(), stderr: stderr() }
}
