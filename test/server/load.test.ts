import path from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { loadApp } from '../../server/load.ts'

const dir = t.testdir({
  folder: {},
  'app.mjs': `
    import Fastify from 'fastify'
    export const app = Fastify()
    app.get('/', async () => 'app')
    export const promise = Promise.resolve(Object.assign({}, { routing () {}, ready () {}, close () {}, inject () {} }))
    export function create (...args) { return Fastify().get('/', async () => args.join()) }
    export async function createLater (...args) { return create(...args) }
    export async function plugin (app) { app.get('/', async () => 'plugin') }
    plugin[Symbol.for('skip-override')] = true
    export async function badPlugin () { throw new Error('no database') }
    badPlugin[Symbol.for('skip-override')] = true
    export function forgetful () { Fastify() }
    export async function failing () { throw new RangeError('too much\\n of it') }
    export const number = 5, list = [], nothing = null, object = {}
    export default app`,
  'many.mjs': 'export const a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1, i = 1, j = 1, k = 1, l = 1',
  'throws.mjs': '\n\nthrow new TypeError("broken on line 3")',
  'syntax.mjs': 'const = 5',
  'common.cjs': 'exports.create = () => require("fastify")()'
})
const file = path.join(dir, 'app.mjs')

t.test('an app is taken as it is, by default from the default export', async t => {
  const app = await loadApp({ module: file })

  t.equal((await app.inject('/')).body, 'app')
  t.equal(await loadApp({ module: file, exportName: 'app' }), app)
  t.equal(await loadApp({ module: pathToFileURL(file).href }), app)
  t.equal(await loadApp({ module: path.relative(process.cwd(), file) }), app)
})

t.test('a function is called with the arguments and may be async', async t => {
  for (const exportName of ['create', 'createLater']) {
    const app = await loadApp({ module: file, exportName, args: ['a', 'b'] })
    t.equal((await app.inject('/')).body, 'a,b')
  }
  t.ok(await loadApp({ module: path.join(dir, 'common.cjs'), exportName: 'create' }))
})

t.test('a promise of an app is waited for', async t => {
  t.ok(await loadApp({ module: file, exportName: 'promise' }))
})

t.test('a plugin made with fastify-plugin gets an app of its own', async t => {
  const app = await loadApp({ module: file, exportName: 'plugin' })

  t.equal((await app.inject('/')).body, 'plugin')
})

t.test('TypeScript on a Node that does not know it is a usage error that says what helps', async t => {
  const unknown = Object.assign(new TypeError(`Unknown file extension ".ts" for ${file}`), { code: 'ERR_UNKNOWN_FILE_EXTENSION' })

  await t.rejects(loadApp({ module: file }, async () => { throw unknown }), {
    name: 'UsageError', message: /does not run TypeScript by itself.*--import=tsx/
  })
})

t.test('what is missing or of another kind is a usage error that says what there is', async t => {
  const cases: [module: string, exportName: string | undefined, message: RegExp][] = [
    [path.join(dir, 'absent.mjs'), undefined, /there is no file/],
    [path.join(dir, 'folder'), undefined, /not a file/],
    [file, 'missing', /has no export "missing": it has .*create/],
    [file, 'toString', /has no export/],
    [path.join(dir, 'many.mjs'), 'missing', /it has a, b, c, d, e, f, g, h, i, j, 2 more$/],
    [path.join(dir, 'common.cjs'), 'missing', /has no export/],
    [file, 'number', /is a number/],
    [file, 'list', /is an array/],
    [file, 'object', /is an object/],
    [file, 'nothing', /is null/],
    [file, 'forgetful', /returned undefined/]
  ]
  for (const [module, exportName, message] of cases) {
    await t.rejects(loadApp({ module, ...exportName === undefined ? {} : { exportName } }), { name: 'UsageError', message })
  }
})

t.test('code that throws is a failure of one line that says where', async t => {
  const line = { name: 'Error', message: /^[^\n]+$/ }

  await t.rejects(loadApp({ module: path.join(dir, 'throws.mjs') }),
    { ...line, message: /TypeError: broken on line 3 \(.*throws\.mjs:3:7\)$/ })
  await t.rejects(loadApp({ module: path.join(dir, 'syntax.mjs') }), line)
  await t.rejects(loadApp({ module: file, exportName: 'failing' }), { message: /RangeError: too much of it/ })
  await t.rejects(loadApp({ module: file, exportName: 'badPlugin' }), { message: /no database/ })
})
