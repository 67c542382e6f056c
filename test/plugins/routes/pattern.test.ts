import t from 'tap'
import { decodePath } from '../../../plugins/routes/encoding.ts'
import { Pattern } from '../../../plugins/routes/pattern.ts'

const match = (path: string, target: string) => new Pattern(path).match(decodePath(target))

t.test('a variable is one segment that is not empty, or a part of one', async t => {
  t.same(match('/user/{id}', '/user/42'), { id: '42' })
  t.equal(match('/user/{id}', '/user/'), null)
  t.equal(match('/user/{id}', '/user/4/2'), null)
  t.equal(match('/user/{id}', '/user/%7B4'), null, 'no braces')
  t.same(match('/pair/{a}-{b}', '/pair/a-b-c'), { a: 'a-b', b: 'c' }, 'the first takes all it can')
  t.same(match('/pre{x}post', '/premidpost'), { x: 'mid' })
})

t.test('whole segments match as the expression that they stand for', async t => {
  // Mulberry32: the same paths in every run.
  let seed = 7
  const random = (below: number) => {
    seed = seed + 0x6d2b79f5 | 0
    let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) % below
  }
  const pick = (items: readonly string[]) => items[random(items.length)]!
  const texts = ['', 'a', 'ab', 'a.b', 'ü', '%2F', '%41', '😀', '\ud83d', '\n', '$']
  const join = (from: readonly string[]) => Array.from({ length: 1 + random(4) }, () => `/${pick(from)}`).join('')
  const differing: string[] = []
  let matched = 0

  for (let round = 0; round < 20_000; round += 1) {
    let count = 0
    const path = join([...texts, '{}', '{}', '{}']).replaceAll('{}', () => `{v${count++}}`)
    // One that fits, more often than chance would have it.
    const target = random(2) === 0 ? join([...texts, 'x{', '}']) : path.replaceAll(/\{\w+\}/g, () => pick(texts))
    const [plain, expression] = [match(path, target), match(path.replaceAll('}', ':[^{}/]+}'), target)]
    if (plain !== null && count > 0) matched += 1
    if (JSON.stringify(plain) !== JSON.stringify(expression)) differing.push(`${path} ${target}`)
  }

  t.same(differing, [])
  t.ok(matched > 1000, `${matched} paths with variables matched`)
  t.same(Object.entries(match('/{__proto__}', '/x') ?? {}), [['__proto__', 'x']])
})

t.test('an expression has to match the whole value', async t => {
  t.same(match('/num/{id:\\d+}', '/num/12'), { id: '12' })
  t.equal(match('/num/{id:\\d+}', '/num/12a'), null)
  t.same(match('/kind/{kind:cat|dog}', '/kind/dog'), { kind: 'dog' })
  t.same(match('/code/{code:[a-z]{2,4}}', '/code/abc'), { code: 'abc' })
  t.equal(match('/code/{code:[a-z]{2,4}}', '/code/abcde'), null)
  t.same(match('/tail/{tail:.*}', '/tail/a//b/'), { tail: 'a//b/' })
  t.same(match('/{a:(?P<inner>x)+}', '/xx'), { a: 'xx' }, 'groups of its own are no variables')
  t.same(match('/{a:\\-+}', '/--'), { a: '--' }, 'escapes that only the old mode knows')
})

t.test('paths are compared decoded, but for slash and percent sign', async t => {
  t.same(match('/münchen', '/m%C3%BCnchen'), {})
  t.same(match('/münchen/{x}', '/m%C3%BCnchen/a'), { x: 'a' })
  t.same(match('/with space', '/with%20space'), {})
  t.same(match('/enc%2Fslash', '/enc%2fslash'), {})
  t.equal(match('/enc%2Fslash', '/enc/slash'), null)
  t.same(match('/pct/{x}', '/pct/a%2Fb'), { x: 'a/b' })
  t.same(match('/pct/{x}', '/pct/a%2541'), { x: 'a%41' })
  t.same(match('/pct/{x}', '/pct/a%FFb'), { x: 'a%FFb' })
  t.same(match('/a.b/{x}', '/aXb/1'), null, 'text is no expression')
})

t.test('format() encodes values and keeps their slashes', async t => {
  t.equal(new Pattern('/user/{id}').format({ id: 'a b/c?#%ü' }), '/user/a%20b/c%3F%23%25%C3%BC')
  t.equal(new Pattern('/num/{id:\\d+}').format({ id: 7 }), '/num/7')
  t.equal(new Pattern('/ü/{id}', '/sub').format({ id: 'x', more: 'y' }), '/sub/%C3%BC/x')
  t.equal(new Pattern('/enc%2Fslash').format({}), '/enc%2Fslash')
  for (const params of [{}, { id: null }, { id: {} }]) {
    t.throws(() => new Pattern('/user/{id}').format(params as never), { code: 'AIO_ERR_ROUTE_PARAMS' })
  }
  t.throws(() => new Pattern('/user/{toString}').format({}), { code: 'AIO_ERR_ROUTE_PARAMS' })
})

t.test('a path knows where it is filed and what it looks like', async t => {
  const cases: [path: string, key: string, canonical: string][] = [
    ['/', '/', '/'],
    ['', '/', '/'],
    ['/a/', '/a', '/a/'],
    ['/a/{x}', '/a', '/a/{x}'],
    ['/a/b{x:.*}', '/a', '/a/b{x}'],
    ['/{x}', '/', '/{x}']
  ]
  for (const [path, key, canonical] of cases) {
    t.equal(new Pattern(path).key, key, path)
    t.equal(new Pattern(path).canonical, canonical, path)
  }
})

t.test('a path that is none says why', async t => {
  for (const path of ['a', '/{', '/a}', '/{1a}', '/{a', '/{a:(}', '/{a}/{a}', '/{a:}', '/{a{b}}', 7, null, undefined]) {
    t.throws(() => new Pattern(path as string), { code: 'AIO_ERR_ROUTE_PATH' }, String(path))
  }
})
