import t from 'tap'
import { parseCommandLine } from '../../server/command-line.ts'

const usage = { name: 'UsageError' }

t.test('without arguments the demo runs on 127.0.0.1:8080', async t => {
  t.same(parseCommandLine([]), { action: 'run', args: [], host: '127.0.0.1', port: 8080 })
})

t.test('HOST and PORT replace the defaults, flags replace both, empty means unset', async t => {
  const env = { HOST: '::1', PORT: '9000' }

  t.match(parseCommandLine([], env), { host: '::1', port: 9000 })
  t.match(parseCommandLine(['-H', 'localhost', '-P', '0'], env), { host: 'localhost', port: 0 })
  t.match(parseCommandLine([], { HOST: '', PORT: '' }), { host: '127.0.0.1', port: 8080 })
})

t.test('a path alone means no TCP, even with HOST and PORT in the environment', async t => {
  t.same(parseCommandLine(['--path', '/tmp/a.sock'], { HOST: 'x', PORT: '1' }),
    { action: 'run', args: [], path: '/tmp/a.sock' })
  t.match(parseCommandLine(['-U', '/tmp/a.sock', '-P', '81']), { host: '127.0.0.1', port: 81, path: '/tmp/a.sock' })
})

t.test('the module, its export and its arguments come from the positionals', async t => {
  t.match(parseCommandLine(['app.ts']), { module: 'app.ts', exportName: undefined, args: [] })
  t.match(parseCommandLine(['app.ts:create', 'a', '-P', '1', '--', '--b']),
    { module: 'app.ts', exportName: 'create', args: ['a', '--b'], port: 1 })
  t.match(parseCommandLine(['C:\\app.ts']), { module: 'C:\\app.ts' })
  t.match(parseCommandLine(['C:\\app.ts:$x']), { module: 'C:\\app.ts', exportName: '$x' })
  t.match(parseCommandLine(['file:///srv/app.ts']), { module: 'file:///srv/app.ts' })
})

t.test('flags that are unknown belong to the module behind which they stand', async t => {
  t.match(parseCommandLine(['-P', '1', 'app.ts:make', '--colour', 'red', '-x', '--depth=3', '-H', 'a', '--', '-P', '2']), {
    host: 'a', port: 1, module: 'app.ts', exportName: 'make', args: ['--colour', 'red', '-x', '--depth=3', '-P', '2']
  })
  t.throws(() => parseCommandLine(['--colour', 'red', 'app.ts']), usage, 'in front of it they are errors')
})

t.test('help and version win over everything that is well formed', async t => {
  t.match(parseCommandLine(['--help', 'x.ts']), { action: 'help' })
  t.match(parseCommandLine(['-v', '-P', '99999']), { action: 'version' })
})

for (const port of ['65536', '-1', '80.5', '0x50', 'http', '', ' 80', '1e3', '99999999999']) {
  t.test(`port "${port}" is refused, as a flag and in the environment`, async t => {
    t.throws(() => parseCommandLine([`--port=${port}`]), usage)
    if (port !== '') t.throws(() => parseCommandLine([], { PORT: port }), { ...usage, message: /PORT/ })
  })
}

const wrong: Record<string, string[]> = {
  'an unknown flag': ['--prot', '80'],
  'a flag without its value': ['--port'],
  'a value for a flag that takes none': ['--help=yes'],
  'a flag given twice': ['-P', '1', '--port', '2'],
  'an empty host': ['--host', ''],
  'an empty path': ['--path='],
  'a path that no socket address can hold': ['--path', `/tmp/${'x'.repeat(120)}`],
  'an empty export': ['app.ts:'],
  'an export that is no name': ['app.ts:a.b'],
  'an empty module': [':app']
}
for (const [name, argv] of Object.entries(wrong)) {
  t.test(`${name} is a usage error of one line`, async t => {
    t.throws(() => parseCommandLine(argv), { ...usage, message: /^[^\n]+$/ })
  })
}

t.test('a path is measured in bytes, not in characters', async t => {
  const path = `/tmp/${'é'.repeat(51)}`

  t.equal(parseCommandLine(['-U', path]).path, path)
  t.throws(() => parseCommandLine(['-U', path + 'x']), usage)
})
