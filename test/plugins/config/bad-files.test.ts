/** Files that nobody should write, and what is said of them. */

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import Type from 'typebox'
import { ConfigError, loadConfig } from '../../../plugins/config/index.ts'

const schema = Type.Object({
  a: Type.Optional(Type.Integer()),
  b: Type.Optional(Type.Object({ c: Type.Optional(Type.Integer()), d: Type.Optional(Type.String()) })),
  list: Type.Optional(Type.Array(Type.Integer())),
  any: Type.Optional(Type.Unknown())
})

/** File, content, and what the problems look like; none: the file is fine. */
const files: [name: string, content: string | Buffer, problems: RegExp[]][] = [
  ['broken.yaml', 'a: 1\nb: [1, 2\nc: 3', [/^broken\.yaml:3:1: Cannot parse it: deficient indentation/]],
  ['doubles.yaml', 'a: 1\na: 2', [/^doubles\.yaml:2:1: .*duplicated mapping key/]],
  ['tag.yaml', 'a: !!js/function "x"', [/^tag\.yaml:1:4: .*unknown scalar tag/]],
  ['proto.yaml', '__proto__:\n  a: 1\n', [/^proto\.yaml:1: Unknown key "__proto__"/]],
  ['proto-inside.yaml', 'b:\n  __proto__: {c: 1}\n', [/^proto-inside\.yaml:2: Unknown key "b\.__proto__"/]],
  ['merge.yaml', 'x: &x {c: 1}\nb:\n  <<: *x\n', [/:1: Unknown key "x"/, /:3: Unknown key "b\.<<"/]],
  ['list.yaml', '- 1\n', [/^list\.yaml:1:1: .*expected keys and values, got \[ 1 \]/]],
  ['text.yaml', 'hello', [/^text\.yaml:1:1: .*expected keys and values, got 'hello'/]],
  ['two.yaml', 'a: 1\n---\na: 2', [/single document/]],
  ['tab.yaml', 'b:\n\tc: 1', [/^tab\.yaml:\d+:\d+: Cannot parse it/]],
  ['laughs.yaml', `l0: &l0 [x]\n${Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(',')}]`).join('\n')}`,
    [/more than 100000 values/]],
  ['deep.yaml', `any: ${'['.repeat(5000)}`, [/Cannot parse it/]],
  ['inf.yaml', 'a: .inf', [/:1: Invalid "a": expected a whole number, got Infinity/]],
  ['empty.yaml', '', []],
  ['comment.yaml', '# nothing\n\n  # here\n', []],
  ['null.yaml', '---\n', []],
  ['bom.yaml', '\uFEFFa: 1', []],
  ['windows.yaml', 'a: 1\r\nb:\r\n  c: x\r\n', [/^windows\.yaml:3: Invalid "b\.c"/]],
  ['broken.json', '{\n  "a": 1,\n}', [/^broken\.json:3:1: .*expected a key in double quotes, got "}"/]],
  ['word.json', '{"a": a}', [/^word\.json:1:7: .*expected JSON, got "a"/]],
  ['zero.json', '{"a": 01}', [/^zero\.json:1:8: .*expected "," or "}", got "1"/]],
  ['cut.json', '{"b": {', [/^cut\.json:1:8: .*got the end of the file/]],
  ['more.json', '{} {}', [/^more\.json:1:4: .*expected the end of the file, got "{"/]],
  ['comma.json', '{"list": [1,]}', [/^comma\.json:1:13: .*expected a value, got "\]"/]],
  ['control.json', '{"a": "\n"}', [/^control\.json:1:7: .*expected JSON/]],
  ['doubles.json', '{"b": {"c": 1},\n"a": 2,\n"b": {}}', [/^doubles\.json:3:1: .*duplicate key "b"/]],
  ['escaped.json', '{"a": 1, "\\u0061": 2}', [/duplicate key "a"/]],
  ['proto.json', '{"__proto__": {"a": 1}, "constructor": {"prototype": {}}}', [/Unknown key "__proto__"/, /Unknown key "constructor"/]],
  ['deep.json', '['.repeat(200_000), [/at most 50 levels/]],
  ['list.json', '[]', [/expected keys and values/]],
  ['null.json', 'null', []],
  ['empty.json', ' \n', []],
  ['bom.json', '\uFEFF{"a": 1}', []],
  ['types.json', '{\n"b": {\n"c": "x",\n"d": 1\n},\n"list": [\n1,\n"2"\n]}',
    [/^types\.json:3: Invalid "b\.c"/, /:4: Invalid "b\.d"/, /:8: Invalid "list\.1"/]],
  ['broken.toml', 'a = 1\nb = \n', [/^broken\.toml:2:5: Cannot parse it: invalid value$/]],
  ['doubles.toml', 'a = 1\na = 2\n', [/^doubles\.toml:2:1: .*already defined/]],
  ['proto.toml', '[__proto__]\na = 1\n', [/^proto\.toml:1: Unknown key "__proto__"/]],
  ['date.toml', 'b = 1979-05-27T07:32:00Z', [/:1: Invalid "b": expected a section with c, d, got '1979-05-27T07:32:00/]],
  ['big.toml', 'a = 9007199254740993', [/^big\.toml:1:5: .*losslessly/]],
  ['strings.toml', 'any = """\n[b]\nc = 1\n"""\n[b]\nc = "x"\nd = 1 # it\'s\nx.y = 2', [/:6: Invalid "b\.c"/, /:7: Invalid "b\.d"/, /:8: Unknown key "b\.x"/]],
  ['empty.toml', '', []],
  ['bom.toml', '\uFEFFa = 1', []],
  ['doubles.ini', 'a = 1\na = 2\n', [/^doubles\.ini:2:1: .*duplicate key "a"/]],
  ['line.ini', 'a = 1\nnonsense\n', [/^line\.ini:2:1: .*expected \[section\], key = value or a comment/]],
  ['section.ini', '[b\nc = 1\n', [/^section\.ini:1:1/]],
  ['proto.ini', '[__proto__]\na = 1\n', [/^proto\.ini:1:1: .*"__proto__" is not allowed/]],
  ['deep.ini', `[${'a.'.repeat(20_000)}b]\nc = 1\n`, [/more than 50 levels/]],
  ['types.ini', '; c\n[b]\nc = 1.5\nx = 1\n', [/^types\.ini:3: Invalid "b\.c".*got 1\.5/, /^types\.ini:4: Unknown key "b\.x"/]],
  ['empty.ini', '', []],
  ['binary.yaml', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]), [/^binary\.yaml: Cannot read it: it is a binary file/]],
  ['latin.yaml', Buffer.from('any: \xe9', 'latin1'), [/^latin\.yaml: Cannot read it: expected text in UTF-8/]],
  ['utf16.json', Buffer.from('\uFEFF{}', 'utf16le'), [/binary file/]],
  ['huge.json', Buffer.alloc(10 * 1024 * 1024, ' '), [/^huge\.json: .*10485760 bytes, at most 1048576/]],
  ['app.cfg', 'a = 1', [/^app\.cfg: Cannot tell its format: expected a name that ends in \.yaml/]]
]

for (const [name, content, expected] of files) {
  t.test(`${name} ${expected.length === 0 ? 'is read' : 'is refused'}`, async t => {
    const folder = t.testdir()
    writeFileSync(path.join(folder, name), content)

    t.match(await problemsOf(folder, name), expected)
    t.equal((await problemsOf(folder, name)).length, expected.length)
  })
}

t.test('what is no readable file is refused, and nothing waits for it', async t => {
  const folder = t.testdir()
  mkdirSync(path.join(folder, 'folder.yaml'))
  execFileSync('mkfifo', [path.join(folder, 'pipe.yaml')])

  t.match(await problemsOf(folder, 'folder.yaml'), ['folder.yaml: Cannot read it: it is a directory'])
  t.match(await problemsOf(folder, 'pipe.yaml'), ['pipe.yaml: Cannot read it: it is no regular file'])
  t.match(await problemsOf(folder, 'none.yaml'), ['none.yaml: Cannot read it: there is no such file'])
  t.match(await problemsOf(folder, '/none/none.yaml'), ['/none/none.yaml: Cannot read it: there is no such file'])
})

t.test('a file without permission is refused', { skip: process.getuid?.() === 0 && 'root may read everything' }, async t => {
  const folder = t.testdir({ 'secret.yaml': 'a: 1' })
  chmodSync(path.join(folder, 'secret.yaml'), 0)
  t.match(await problemsOf(folder, 'secret.yaml'), ['secret.yaml: Cannot read it: permission denied (EACCES)'])
})

t.test('a broken file does not hide what is wrong elsewhere', async t => {
  const folder = t.testdir({ 'broken.json': '{' })
  const error = await loadConfig(schema, { folder, env: { APP_X: '1' }, argv: ['--y', '-c', 'broken.json'] }).catch(error => error)
  t.match(error.problems, [{ kind: 'file' }, { kind: 'unknown', where: 'APP_X' }, { kind: 'unknown', where: '--y' }])
})

t.test('nothing of a file gets into the prototypes', async t => {
  const folder = t.testdir({ 'p.json': '{"any": {"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}}' })
  const config = await loadConfig(schema, { folder, file: 'p.json', env: { APP_ANY____PROTO__: 'x' }, envPrefix: false })
  t.notOk('polluted' in {})
  t.notOk('polluted' in (config.any as object))
})

async function problemsOf (folder: string, file: string): Promise<string[]> {
  try {
    await loadConfig(schema, { folder, file, env: {} })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ where, text }) => `${where}: ${text}`)
  }
}
