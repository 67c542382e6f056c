/** The command line: every command, its help, and what it says to mistakes. */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import 'tsx'
import { main } from '../../cli/main.ts'
import { postgres } from '../databases.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const example = (name: string) => path.join(root, 'examples', name)

async function run (...argv: string[]) {
  const out: string[] = []
  const err: string[] = []
  const status = await main(argv, { env: {}, print: line => out.push(line), printError: line => err.push(line) })
  return { status, out: out.join('\n'), err: err.join('\n') }
}

t.test('help names every command, and each command has its own', async t => {
  for (const argv of [[], ['--help'], ['-h'], ['help']]) {
    const { status, out } = await run(...argv)
    t.equal(status, 0)
    for (const name of ['run', 'routes', 'openapi', 'migrate', 'init']) t.match(out, `fastify-aiohttp ${name}`)
  }
  for (const name of ['routes', 'openapi', 'migrate', 'init']) {
    t.match(await run(name, '--help'), { status: 0, out: new RegExp(`^Usage: fastify-aiohttp ${name}`) })
  }
  t.match(await run('run', '--help'), { status: 0, out: /^Usage: fastify-aiohttp run [\s\S]*--host/ })
  t.match(await run('routes', '--help'), { out: /--match TEXT +only those/ })
  for (const flag of ['--version', '-v', '-V']) t.match(await run(flag), { status: 0, out: /^fastify-aiohttp \d+\./ })
})

t.test('mistakes are one line and status 2', async t => {
  const wrong: [argv: string[], line: RegExp][] = [
    [['migrat'], /Unknown command "migrat": there are run, routes, openapi, migrate, init/],
    [['constructor'], /Unknown command/],
    [['init'], /"init" takes one argument, got 0\. Usage/],
    [['routes', 'a', 'b'], /takes one argument, got 2/],
    [['routes', '--jsno', 'x.ts'], /Unknown option '--jsno'\. Usage/],
    [['routes', 'nowhere.ts'], /there is no file/],
    [['openapi', example('routes.ts')], /does not register the openapi plugin/],
    [['init', 'My App'], /"My App" is no name of a package/],
    [['init', root], /is no name|is not empty/]
  ]
  for (const [argv, line] of wrong) {
    const { status, out, err } = await run(...argv)
    t.equal(status, 2, argv.join(' '))
    t.match(err, line)
    t.equal(out, '')
    t.notMatch(err, /\n/)
  }
})

t.test('routes lists what an app answers', async t => {
  const { status, out } = await run('routes', example('routes.ts'))
  t.equal(status, 0)
  t.match(out, /^GET +\/users\/\{id\} +user/m)
  const { out: json } = await run('routes', `${example('routes.ts')}:default`, '--json', '--match', '/users/{id}')
  t.match(JSON.parse(json), [{ path: /^\/users/ }])
  t.match(await run('routes', example('signals.ts')), { status: 0, out: /\(GET/ }, 'without the plugin, as Fastify does')
})

t.test('openapi prints a document, or writes it', async t => {
  const { out } = await run('openapi', example('openapi.ts'))
  t.match(JSON.parse(out), { openapi: /^3\./ })
  const file = path.join(t.testdir({}), 'openapi.yaml')
  t.match(await run('openapi', example('openapi.ts'), '--yaml', '--out', file), { status: 0, out: '' })
  t.match(readFileSync(file, 'utf8'), /^openapi: /m)
})

t.test('migrate goes there and back, and says where it stands', async t => {
  const folder = t.testdir({
    '001-tea.mjs': `
      export const up = async db => { await db.schema.createTable('tea').addColumn('id', 'integer').execute() }
      export const down = async db => { await db.schema.dropTable('tea').execute() }`
  })
  // The embedded database takes seconds to start, and each command starts it.
  const url = postgres.skip === false ? await postgres.create(t) : `pglite:${path.join(folder, 'data')}`
  const options = ['--url', url, '--migrations', folder]
  t.match(await run('migrate', 'status', ...options), { status: 0, out: '001-tea  not run' })
  t.match(await run('migrate', ...options), { status: 0, out: '001-tea run' })
  t.match(await run('migrate', ...options), { status: 0, out: 'Nothing to do' })
  t.match(await run('migrate', 'down', ...options), { status: 0, out: '001-tea taken back' })
  t.match(await run('migrate', '--url', 'sqlite:x'), { status: 1, err: /"sqlite:" is unknown/ })
  t.match(await run('migrate', '003', ...options), { status: 1, err: /no migration "003"/ })
})

t.test('init makes an app, and never over another', async t => {
  const folder = path.join(t.testdir({}), 'my-app')
  t.match(await run('init', folder), { status: 0, out: /npm install/ })
  for (const file of ['app.ts', 'server.ts', 'test/app.test.ts', 'Dockerfile', '.gitignore', 'tsconfig.json']) {
    t.ok(existsSync(path.join(folder, file)), file)
  }
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  t.match(manifest, { name: 'my-app', dependencies: { 'fastify-aiohttp': /^\^\d/ } })
  t.match(await run('init', folder), { status: 2, err: /is not empty/ })
})
