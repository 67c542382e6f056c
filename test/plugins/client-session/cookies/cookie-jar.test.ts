import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { CookieJar, DummyCookieJar, type CookieJarOptions } from '../../../../plugins/client-session/cookies/cookie-jar.ts'
import { parseSetCookie } from '../../../../plugins/client-session/cookies/set-cookie.ts'

const site = 'http://example.test/'

t.test('a cookie goes back to the host that set it', async t => {
  const jar = filled(site, 'a=1')
  t.same(sent(jar, site, 'http://sub.example.test/', 'http://other.test/'), ['a=1', '', ''])
  t.same(jar.hostOnlyCookies, [['example.test', 'a']])
})

t.test('a cookie with a domain goes to all below it', async t => {
  const jar = filled('http://sub.example.test/', 'a=1; Domain=example.test', 'b=2; Domain=.EXAMPLE.test')
  t.same(sent(jar, site, 'http://sub.example.test/', 'http://a.sub.example.test/', 'http://notexample.test/'),
    ['a=1; b=2', 'a=1; b=2', 'a=1; b=2', ''])
  t.equal(filled('http://bücher.test/', 'a=1; Domain=bücher.test').cookieHeader('http://xn--bcher-kva.test/'), 'a=1')
})

t.test('a domain that is not the own one, or everybody\'s, is refused', async t => {
  t.equal(filled(site, 'a=1; Domain=other.test', 'b=2; Domain=sub.example.test', 'c=3; Domain=ample.test').size, 0)
  t.equal(filled('http://a.github.io/', 'a=1; Domain=github.io', 'b=2; Domain=io').size, 0)
  t.equal(filled('http://shop.co.uk/', 'a=1; Domain=co.uk').size, 0)
  t.same(filled('http://github.io/', 'a=1; Domain=github.io').hostOnlyCookies, [['github.io', 'a']], 'its own host may')
  t.same(filled(site, 'dot=1; Domain=example.test.', 'empty=4; Domain=', 'lone=5; Domain=.').hostOnlyCookies.length, 3)
})

t.test('cookies of addresses need an unsafe jar', async t => {
  const safe = filled('http://127.0.0.1/', 'a=1')
  safe.updateCookiesFromHeaders(['b=2'], 'http://[::1]/')
  t.equal(safe.size, 0)
  const unsafe = filled({ unsafe: true }, 'http://127.0.0.1/x/', 'a=1', 'b=2; Domain=127.0.0.1', 'c=3; Domain=0.0.1')
  t.same(sent(unsafe, 'http://127.0.0.1/x/y', 'http://127.0.0.2/x/', 'http://example.test/x/'), ['a=1; b=2', '', ''])
})

t.test('paths: that of the request by default, longest match wins', async t => {
  const jar = filled('http://example.test/a/b/c', 'p=1')
  jar.updateCookiesFromHeaders(['q=2'], 'http://example.test/a')
  jar.updateCookiesFromHeaders(['r=3'], 'http://example.test')
  t.same(Array.from(jar, ({ path }) => path), ['/a/b', '/', '/'])
  t.same([...jar.filterCookies('http://example.test/a/b/x').keys()], ['q', 'r', 'p'])
  t.same(sent(jar, site, 'http://example.test/a/bc'), ['q=2; r=3', 'q=2; r=3'])

  const docs = filled(site, 'p=1; Path=/docs', 'q=2; Path=/docs/', 'r=3; Path=docs', 's=4; Path=/')
  t.same(sent(docs, `${site}docs`, `${site}docs/`, `${site}docs/web`, `${site}docsets`),
    ['p=1; r=3; s=4', 'p=1; q=2; r=3; s=4', 'p=1; q=2; r=3; s=4', 'r=3; s=4'])

  const same = filled(site, 'a=long; Path=/x/y', 'a=short; Path=/x', 'a=root; Path=/')
  t.same(sent(same, `${site}x/y/z`, `${site}x/`, site), ['a=long', 'a=short', 'a=root'])
  t.equal(same.size, 3)
})

t.test('Secure cookies need TLS or a trusted origin', async t => {
  const jar = filled(site, 's=1; Secure', 'p=2')
  t.same(sent(jar, site, 'https://example.test/', 'ws://example.test/', 'wss://example.test/'),
    ['p=2', 'p=2; s=1', 'p=2', 'p=2; s=1'])
  const trusting = filled({ treatAsSecureOrigin: 'http://example.test:8080' }, site, 's=1; Secure')
  t.same(sent(trusting, 'http://example.test:8080/', site), ['s=1', ''])
})

t.test('cookies end at their time', async t => {
  const dates = filled(site, 'c0=1; Expires=Sun, 06 Nov 2094 08:49:37 GMT', 'c1=1; Expires=Sunday, 06-Nov-20 08:49:37 GMT',
    'c2=1; Expires=Sun Nov  6 08:49:37 2020', 'c3=1; Expires=06 Nov 2020 08:49:37', 'c4=1; Expires=Tue, 1 Jan 2020 00:00:00 -0000',
    'c5=1; Expires=garbage', 'c6=1; Expires=Sun, 32 Jan 2020 00:00:00 GMT', 'c7=1; Expires=Sun, 06 Nov 1600 08:49:37 GMT',
    'c8=1; Expires=Sun, 06 Nov 2020 25:00:00 GMT', 'c9=1; Expires=Thu, 01-Jan-70 00:00:01 GMT')
  t.same(Array.from(dates, ({ name, expires }) => [name, expires]),
    [['c0', 'Sun, 06 Nov 2094 08:49:37 GMT'], ['c3', ''], ['c5', ''], ['c6', ''], ['c7', ''], ['c8', '']])

  const ages = filled(site, 'zero=1; Max-Age=0', 'neg=2; Max-Age=-1', 'day=3; Max-Age=86400', 'bad=4; Max-Age=x',
    'frac=5; Max-Age=1.5', 'huge=6; Max-Age=99999999999999999')
  t.same(Array.from(ages, ({ name, maxAge }) => [name, maxAge]),
    [['day', '86400'], ['bad', ''], ['frac', ''], ['huge', '99999999999999999']])

  const jar = filled(site, 'a=1; Max-Age=1', 'b=2')
  t.equal(jar.cookieHeader(site), 'a=1; b=2')
  jar.updateCookiesFromHeaders(['b=; Max-Age=0'], site)
  t.equal(jar.cookieHeader(site), 'a=1')
  jar.updateCookiesFromHeaders(['c=1; Max-Age=1', 'a=2'], site)
  later(t, 1200)
  t.equal(jar.cookieHeader(site), 'a=2', 'renewed as a cookie of the session')
  t.equal(jar.size, 1)
})

t.test('values come without quotes and go with them', async t => {
  const jar = filled(site, 'quoted="a b"', 'esc="a\\"b\\073c"', 'eq=a=b=c', 'comma=a,b', 'empty=', 'noval', 'uni=é', 'curly={x}',
    'sp = x ', 'pct=%20', 'semi="a;b"; Path=/')
  t.same(Array.from(jar, ({ name, value, codedValue }) => [name, value, ...value === codedValue ? [] : [codedValue]]), [
    ['quoted', 'a b', '"a b"'], ['esc', 'a"b;c', '"a\\"b\\073c"'], ['eq', 'a=b=c'], ['comma', 'a,b'], ['empty', ''],
    ['curly', '{x}'], ['sp', 'x'], ['pct', '%20'], ['semi', 'a;b', '"a;b"']
  ])
  t.equal(jar.cookieHeader(site), 'comma="a\\054b"; curly="{x}"; empty=""; eq="a=b=c"; esc="a\\"b\\073c"; pct=%20; ' +
    'quoted="a b"; semi="a\\073b"; sp=x')

  const plain = filled({ quoteCookie: false }, site, 'a="x\\073y"')
  plain.updateCookies({ b: 'x y', c: 'a,b;c' }, site)
  t.equal(plain.cookieHeader(site), 'a="x\\073y"; b=x y; c=a,b;c')
})

t.test('Set-Cookie is read as leniently as aiohttp reads it', async t => {
  const jar = filled(site, '', '=x', ';', 'Path=/', 'a b=1', 'ok=1; Unknown=2; HttpOnly; SameSite=Lax', '$Version=1; v=1', 'x=1; Path')
  t.same(Array.from(jar, ({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]),
    [['ok', false, ''], ['Unknown', true, 'Lax'], ['v', false, ''], ['x', false, '']])
  t.match(parseSetCookie(['id=1; Priority=High; Secure; Path=/p']), [{ name: 'id', secure: true, path: '/p' }])
  t.same(parseSetCookie(['a=1; Path=/x; Max-Age=5; Secure; HttpOnly; SameSite=None', 'b="q']), [
    { name: 'a', value: '1', codedValue: '1', domain: '', path: '/x', expires: '', maxAge: '5', secure: true, httpOnly: true, sameSite: 'None' },
    { name: 'b', value: '"q', codedValue: '"q', domain: '', path: '', expires: '', maxAge: '', secure: false, httpOnly: false, sameSite: '' }
  ])
  const start = performance.now()
  for (const hostile of ['a;'.repeat(50_000), 'a="'.repeat(50_000), 'a="\\'.repeat(50_000), `a=${' '.repeat(100_000)}x`]) {
    parseSetCookie([hostile])
  }
  t.ok(performance.now() - start < 2000, 'in a time that grows with the length')
})

t.test('cookies without a URL are sent everywhere, those of a request go before', async t => {
  const jar = new CookieJar()
  jar.updateCookies([['shared', '1'], ['q', 'a b']])
  jar.updateCookiesFromHeaders(['own=2', 'shared=3'], site)
  t.same(sent(jar, site, 'http://other.test/x', 'http://127.0.0.1/'),
    ['own=2; q="a b"; shared=3', 'q="a b"; shared=1', 'q="a b"; shared=1'])
  t.equal(jar.cookieHeader('http://other.test/', { q: 'a;b', r: { value: 'x' } }, 'h="1 2"; shared=header'),
    'h="1 2"; q="a\\073b"; r=x; shared=1')
  t.equal(new CookieJar().cookieHeader(site, {}, 'raw="x y"; b=2'), 'raw="x y"; b=2', 'a header alone stays as it is')
  t.throws(() => jar.updateCookies({ 'a b': '1' }), { code: 'AIO_ERR_COOKIE_NAME' })
  t.throws(() => jar.updateCookies({ a: '日' }), { code: 'AIO_ERR_COOKIE_VALUE' })
  // @ts-expect-error a number is no value
  t.throws(() => jar.updateCookies({ a: 1 }), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  // @ts-expect-error a misspelt option
  t.throws(() => new CookieJar({ quoteCookies: true }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})

t.test('clear() and clearDomain() forget', async t => {
  const jar = filled('http://sub.example.test/', 'b=2', 'c=3; Domain=example.test')
  jar.updateCookiesFromHeaders(['a=1'], site)
  jar.updateCookiesFromHeaders(['d=4', 'e=5'], 'http://other.test/')
  jar.clearDomain('example.test')
  t.same(Array.from(jar, ({ name }) => name), ['d', 'e'])
  jar.clear(({ name }) => name === 'd')
  t.same(Array.from(jar, ({ name }) => name), ['e'])
  jar.clear()
  t.equal(jar.size, 0)
})

t.test('save() and load() keep what lasts, in a private file', async t => {
  const file = path.join(t.testdir({ 'jar.json': 'old' }), 'jar.json')
  chmodSync(file, 0o644)
  const jar = filled({ unsafe: true }, 'https://example.test/p/', 'host=1; Secure; HttpOnly; SameSite=Strict',
    'wide=2; Domain=example.test; Path=/', 'quoted="a b"; Max-Age=3600', 'dead=3; Max-Age=1')
  jar.updateCookiesFromHeaders(['ip=4'], 'http://127.0.0.1/')
  jar.updateCookies({ shared: '5' })
  await jar.save(file)

  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(readdirSync(path.dirname(file)), ['jar.json'], 'no draft is left')
  const saved = JSON.parse(readFileSync(file, 'utf8'))
  t.same(saved['example.test|/p'].host, {
    key: 'host',
    value: '1',
    coded_value: '1',
    path: '/p',
    domain: 'example.test',
    secure: true,
    httponly: true,
    samesite: 'Strict',
    host_only: true
  })
  t.match(saved['example.test|'].wide, { key: 'wide' })
  t.match(saved['127.0.0.1|'].ip, { host_only: true })

  const other = filled({ unsafe: true }, 'http://other.test/', 'gone=5')
  later(t, 1200)
  await other.load(file)
  t.same(Array.from(other, ({ name }) => name).sort(), ['host', 'ip', 'quoted', 'shared', 'wide'])
  t.same(sent(other, 'https://example.test/p/x', 'https://sub.example.test/p/x'), ['host=1; quoted="a b"; shared=5; wide=2', 'shared=5; wide=2'])

  const safe = new CookieJar()
  await safe.load(file)
  t.equal(safe.cookieHeader('http://127.0.0.1/'), 'shared=5', 'a safe jar takes none of an address')
})

t.test('a damaged file is an error that leaves the jar as it was, a damaged entry is left out', async t => {
  const file = path.join(t.testdir(), 'jar.json')
  const jar = filled(site, 'a=1')
  for (const text of ['{"example', '[]', '5', 'null']) {
    writeFileSync(file, text)
    await t.rejects(jar.load(file), { code: 'AIO_ERR_COOKIE_FILE' }, text)
  }
  t.equal(jar.cookieHeader(site), 'a=1')
  await t.rejects(jar.load(`${file}.none`), { code: 'ENOENT' })
  await t.rejects(jar.save(path.join(file, 'x')), { code: 'ENOTDIR' })

  const good = { key: 'b', value: '2', coded_value: '2', domain: 'example.test', path: '/' }
  writeFileSync(file, JSON.stringify({ x: 5, 'example.test|': { b: good, c: { ...good, key: 5 }, d: null, e: { ...good, path: 1 } } }))
  await jar.load(file)
  t.equal(jar.cookieHeader(site), 'b=2')
})

t.test('a DummyCookieJar keeps nothing', async t => {
  const jar = new DummyCookieJar()
  jar.updateCookies()
  jar.updateCookiesFromHeaders()
  await jar.load()
  t.equal(jar.size, 0)
  t.equal(jar.cookieHeader(site, { a: '1' }), 'a=1', 'cookies of a request are sent')
})

function filled (first: CookieJarOptions | string, ...rest: string[]): CookieJar {
  const jar = typeof first === 'string' ? new CookieJar() : new CookieJar(first)
  const url = typeof first === 'string' ? first : rest.shift() ?? ''
  jar.updateCookiesFromHeaders(rest, url)
  return jar
}

function sent (jar: CookieJar, ...urls: string[]): string[] {
  return urls.map(url => jar.cookieHeader(url))
}

/** Turns the clock forward until the test ends. */
function later (t: Test, ms: number): void {
  const { now } = Date
  Date.now = () => now() + ms
  t.teardown(() => { Date.now = now })
}
