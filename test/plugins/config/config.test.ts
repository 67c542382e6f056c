/** Where settings come from, and what is wrong with them. */

import Fastify from 'fastify'
import t from 'tap'
import Type from 'typebox'
import bundle from '../../../app.ts'
import config, { configHelp, configOf, loadConfig } from '../../../plugins/config/index.ts'
import { problemsOf, schema, world } from './helper.ts'

t.test('without any source the defaults count, of sections too', async t => {
  const config = await loadConfig(schema, world(t))

  t.strictSame(config.server, { host: '127.0.0.1', port: 8080, shutdownTimeout: 60_000, debug: false, origins: [] })
  t.equal(config.database.url, 'pglite:')
  t.equal(config.tls, undefined)
})

t.test('flags win over the environment, it over the file, the file over the defaults', async t => {
  const options = world(t, { 'config.yaml': 'server: { host: file, port: 1, shutdownTimeout: 1, debug: true }' })

  const { server } = await loadConfig(schema, {
    ...options, env: { APP_SERVER__PORT: '2', APP_SERVER__SHUTDOWN_TIMEOUT: '2' }, argv: ['--server.shutdown-timeout=3']
  })

  t.strictSame(server, { host: 'file', port: 2, shutdownTimeout: 3, debug: true, origins: [] })
})

t.test('values given in code win over all', async t => {
  const { server } = await loadConfig(schema, { ...world(t), argv: ['--server.port', '1'], values: { server: { port: 0 } } })
  t.equal(server.port, 0)
})

for (const [file, text] of Object.entries({
  'config.yaml': 'server:\n  port: 1\n  origins: [a, b]\n',
  'config.yml': '# c\nserver:\n  port: 1\n  origins:\n  - a\n  - b\n',
  'config.json': '{ "server": { "port": 1, "origins": ["a", "b"] } }',
  'config.toml': '[server]\nport = 1\norigins = ["a", "b"]\n',
  'config.ini': '[server]\nport = 1\norigins[] = a\norigins[] = b\n'
})) {
  t.test(`${file} is read`, async t => {
    const { server } = await loadConfig(schema, world(t, { [file]: text }))
    t.match(server, { port: 1, origins: ['a', 'b'] })
  })
}

t.test('config/<name> comes before config, and two files at one place are refused', async t => {
  const options = world(t, { config: { 'polls.json': '{"level":"warn"}' }, 'config.json': '{"level":"nonsense"}' })
  t.equal((await loadConfig(schema, { ...options, name: 'polls' })).level, 'warn')

  const two = world(t, { 'config.json': '{}', 'config.yaml': '' })
  t.match(await problemsOf(loadConfig(schema, two)), [/config\.yaml and config\.json/])
})

t.test('--config, -c and the variable name the file', async t => {
  const options = world(t, { 'one.json': '{"level":"warn"}', 'config.json': 'broken' })

  for (const argv of [['--config', 'one.json'], ['--config=one.json'], ['-c', 'one.json'], ['-c', `${options.folder}/one.json`]]) {
    t.equal((await loadConfig(schema, { ...options, argv })).level, 'warn', argv.join(' '))
  }
  t.equal((await loadConfig(schema, { ...options, env: { APP_CONFIG: 'one.json' } })).level, 'warn')
  t.equal((await loadConfig(schema, { ...options, file: 'one.json' })).level, 'warn')
  t.equal((await loadConfig(schema, { ...options, file: false })).level, 'info')
})

t.test('text of variables, flags and INI becomes what the schema wants', async t => {
  const env = {
    APP_SERVER__DEBUG: 'yes',
    APP_SERVER__ORIGINS: 'a, b',
    APP_LEVELS__ACCESS: 'warn',
    APP_RATIO: '0.5',
    APP_SERVER__HOST: '8080',
    DATABASE_URL: 'postgres://h/x',
    APP_LEVEL: ''
  }
  const config = await loadConfig(schema, { ...world(t), env })
  t.match(config, {
    server: { debug: true, origins: ['a', 'b'], host: '8080' }, levels: { access: 'warn' }, ratio: 0.5, level: 'info'
  })
  t.equal(config.database.url, 'postgres://h/x')
  t.equal((await loadConfig(schema, { ...world(t), env: { APP_RATIO: 'null' } })).ratio, null)

  const argv = ['--no-server.debug', '--server.origins', 'a', '--server.origins=b', '--levels.access', 'x', '--server.origins', 'c,d']
  const flags = await loadConfig(schema, { ...world(t), env, argv })
  t.match(flags, { server: { debug: false, origins: ['a', 'b', 'c,d'] }, levels: { access: 'x' } })

  const ini = await loadConfig(schema, world(t, { 'config.ini': 'ratio = 2\n[server]\nhost = true\ndebug = on' }))
  t.match(ini, { ratio: 2, server: { host: 'true', debug: true } })
})

t.test('values of YAML, JSON and TOML are what they are, and not turned into others', async t => {
  t.same(await problemsOf(loadConfig(schema, world(t, { 'config.yaml': 'server:\n  port: "80"\n  host: 80' }))), [
    'config.yaml:2: Invalid "server.port": expected a whole number from 0 to 65535, got \'80\'',
    'config.yaml:3: Invalid "server.host": expected a string, got 80'
  ])
})

t.test('a .env file lies beneath the environment', async t => {
  const options = world(t, { '.env': 'APP_SERVER__PORT=1\nAPP_LEVEL="warn"\n', 'other.env': 'APP_LEVEL=warn' })

  const config = await loadConfig(schema, { ...options, dotenv: true, env: { APP_SERVER__PORT: '2' } })
  t.match(config, { server: { port: 2 }, level: 'warn' })
  t.equal((await loadConfig(schema, options)).level, 'info', 'only when asked for')
  t.equal((await loadConfig(schema, { ...options, dotenv: 'other.env' })).level, 'warn')
  t.equal((await loadConfig(schema, { ...world(t), dotenv: true })).level, 'info', 'it need not be there')
  t.match(await problemsOf(loadConfig(schema, { ...options, dotenv: 'none.env' })), [/none\.env: Cannot read it: there is no such file/])
})

t.test('everything that is wrong is said at once, with where and what was expected', async t => {
  const options = world(t, {
    config: {
      'app.yaml': 'server:\n  prot: 80\n  port: 70000\nlevel: warm\ndatabase:\n  poolSize: 1.5\ntls:\n  passphrase: x\n'
    }
  })
  const argv = ['--server.debug=maybe', '--server.prot', '5', '--server.port', '1', '--server.port=2', 'extra']

  t.same(await problemsOf(loadConfig(schema, { ...options, env: { APP_SERVER__HOTS: 'x', APP_RATIO: 'x' }, argv })), [
    'config/app.yaml:2: Unknown key "server.prot": did you mean "server.port"?',
    'config/app.yaml:4: Invalid "level": expected one of "info", "warn", got \'warm\'',
    'config/app.yaml:6: Invalid "database.poolSize": expected a whole number, got 1.5',
    'config/app.yaml:7: Missing "tls.cert": expected a string (or APP_TLS__CERT or --tls.cert)',
    'APP_RATIO: Invalid "ratio": expected a number or null, got \'x\'',
    '--server.debug: Invalid "server.debug": expected true or false, got \'maybe\'',
    'APP_SERVER__HOTS: Unknown variable: did you mean APP_SERVER__HOST?',
    '--server.prot: Unknown flag: did you mean --server.port?',
    '--server.port: Given twice',
    'extra: Unexpected argument: expected flags such as --server.host=VALUE'
  ])
})

t.test('what is missing without any file names the other ways', async t => {
  const needy = Type.Object({ api: Type.Object({ token: Type.String({ secret: true, env: 'TOKEN' }), retries: Type.Number() }) })

  t.same(await problemsOf(loadConfig(needy, { ...world(t), envPrefix: false })), [
    ': Missing "api.token": expected a string (or TOKEN)', ': Missing "api.retries": expected a number'
  ])
  const file = world(t, { 'config.toml': '# nothing\n' })
  t.same((await problemsOf(loadConfig(needy, file)))[0], 'config.toml: Missing "api.token": expected a string (or TOKEN)')
})

t.test('the message of one problem is one line, of more a list', async t => {
  const one = await loadConfig(schema, { ...world(t), values: { level: '100%s' } }).catch((error: Error) => error)
  t.equal((one as Error).message,
    'Invalid configuration: the option "values": Invalid "level": expected one of "info", "warn", got \'100%s\'')
  t.match(one, { name: 'ConfigError', code: 'AIO_ERR_CONFIG' })
  const two = await loadConfig(schema, { ...world(t), values: { level: 1, lvel: 2 } }).catch((error: Error) => error)
  t.match((two as Error).message, /^Invalid configuration: 2 problems\n {2}.+\n {2}.+$/)
})

t.test('of a union of sections the one that was meant is looked at', async t => {
  const shapes = Type.Object({
    store: Type.Union([
      Type.Object({ kind: Type.Literal('redis'), url: Type.String() }), Type.Object({ kind: Type.Literal('memory') })
    ])
  })
  t.same(await problemsOf(loadConfig(shapes, world(t, { 'config.yaml': 'store:\n  kind: redis\n  ulr: x' }))), [
    'config.yaml:1: Missing "store.url": expected a string (or APP_STORE__URL)',
    'config.yaml:3: Unknown key "store.ulr": did you mean "store.url"?'
  ])
  t.match(await problemsOf(loadConfig(shapes, world(t, { 'config.yaml': 'store: { kind: x }' }))),
    [/^config.yaml:1: Invalid "store": expected a section with kind, url or a section with kind/])
})

t.test('items of lists get their defaults and are checked', async t => {
  const sites = Type.Object({ sites: Type.Array(Type.Object({ port: Type.Integer(), host: Type.String({ default: 'h' }) })) })
  const good = await loadConfig(sites, world(t, { 'config.yaml': 'sites:\n- port: 1\n- port: 2\n  host: x' }))
  t.strictSame(good.sites, [{ port: 1, host: 'h' }, { port: 2, host: 'x' }])

  t.same(await problemsOf(loadConfig(sites, world(t, { 'config.toml': '[[sites]]\nport = 1\n[[sites]]\nport = "x"' }))),
    ['config.toml:4: Invalid "sites.1.port": expected a whole number, got \'x\''])
})

t.test('configHelp() is what --help prints: every setting in words', async t => {
  const help = configHelp(schema, { name: 'polls' })

  t.match(help, '  --server.port, $POLLS_SERVER__PORT\n      Where to listen. A whole number from 0 to 65535; default 8080.')
  t.match(help, '--database.url, $DATABASE_URL, $POLLS_DATABASE__URL\n      A URL.\n', 'no default of a secret')
  let printed = ''
  await loadConfig(schema, { ...world(t), name: 'polls', argv: ['-h'], onHelp: text => { printed = text } })
  t.equal(printed, help)
})

t.test('a schema that is none is refused', async t => {
  const bad = { code: 'AIO_ERR_CONFIG_SCHEMA' }
  await t.rejects(loadConfig(Type.String(), world(t)), bad)
  await t.rejects(loadConfig(undefined as never, world(t)), bad)
  await t.rejects(loadConfig(Type.Object({ config: Type.String() }), world(t)), bad)
  await t.rejects(loadConfig(Type.Object({ x: Type.Unsafe({ type: 'strin' }) }), world(t)), bad)
  await t.rejects(loadConfig(Type.Object({ x: Type.String({ secrte: true }) }), world(t)), bad)
  await t.rejects(loadConfig(Type.Object({ x: Type.String({ format: 'phone' }) }), world(t)), bad)
  await t.rejects(loadConfig(Type.Object({ x: Type.Ref('y') }), world(t)), bad)
})

t.test('options that are none are refused', async t => {
  await t.rejects(loadConfig(schema, { prefix: 'x' } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  await t.rejects(loadConfig(schema, { name: '../x' }), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('intersections are one section', async t => {
  const both = Type.Object({
    x: Type.Intersect([Type.Object({ a: Type.Number() }), Type.Object({ b: Type.Number() })])
  })
  t.strictSame(await loadConfig(both, { ...world(t), values: { x: { a: 1, b: 2 } } }), { x: { a: 1, b: 2 } })
  t.match(await problemsOf(loadConfig(both, { ...world(t), values: { x: { a: 1, c: 2 } } })), [/Missing "x.b"/, /Unknown key "x.c"/])
})

t.test('the plugin gives app.config, and configOf() its type', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(config, { schema, ...world(t), argv: ['--server.port=1'] })

  const port: number = configOf(app, schema).server.port
  t.equal(port, 1)
  t.equal('config' in app && app.config, configOf(app, schema))
  t.throws(() => configOf(app, Type.Object({})), { code: 'AIO_ERR_CONFIG_OTHER_SCHEMA' })
})

t.test('the bundle takes it under its key, and leaves it out otherwise', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(bundle, { config: { schema, ...world(t) }, client: false })
  t.equal(configOf(app, schema).level, 'info')

  const bare = Fastify()
  t.teardown(() => bare.close())
  await bare.register(bundle, { client: false })
  t.notOk(bare.hasDecorator('config'))
})

t.test('an app whose configuration is wrong does not start', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await t.rejects(async () => { await app.register(config, { schema, ...world(t), argv: ['--x'] }) }, { code: 'AIO_ERR_CONFIG' })
})
