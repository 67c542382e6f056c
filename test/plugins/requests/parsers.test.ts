import t from 'tap'
import { parseETags, parseHttpDate } from '../../../lib/conditions.ts'
import { parseContentType } from '../../../plugins/requests/content-type.ts'
import { parseCookies } from '../../../plugins/requests/cookies.ts'
import { dispositionValue, parseDisposition } from '../../../lib/disposition.ts'
import { parseForwarded } from '../../../plugins/requests/forwarded.ts'
import { formPairs, queryPairs, unquote } from '../../../plugins/requests/quoting.ts'
import { parseRange } from '../../../plugins/requests/range.ts'
import { absoluteUrl, parseTarget } from '../../../plugins/requests/target.ts'
import { transferDecoder } from '../../../plugins/requests/transfer.ts'

/** A parsed object as an ordinary one. */
const plain = (value: object) => ({ ...value })

/** The status of what a function throws. */
function statusOf (call: () => unknown): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as { statusCode: unknown }).statusCode
  }
}

t.test('parseCookies() reads what browsers and worse clients send', async t => {
  const cases: [header: string, cookies: Record<string, string>][] = [
    ['', {}],
    ['a=1', { a: '1' }],
    ['a=1; b=2;c=3', { a: '1', b: '2', c: '3' }],
    ['a=1; a=2', { a: '2' }],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['a="hello world"; b=2', { a: 'hello world', b: '2' }],
    ['a="\\"x\\" \\073 y"', { a: '"x" ; y' }],
    ['a="x;y"; b=2', { a: 'x;y', b: '2' }],
    ['a="open; b=2', { a: '"open', b: '2' }],
    ['a=b=c==', { a: 'b=c==' }],
    ['path=/x; secure=1', { path: '/x', secure: '1' }],
    ['a[b]=1; c{d}=2; e:f=3', { 'a[b]': '1', 'c{d}': '2', 'e:f': '3' }],
    ['a=ü; b=2', { a: 'ü', b: '2' }],
    ['ü=1; b=2', { b: '2' }],
    ['=1; b=2', { b: '2' }],
    [';;; b=2 ;', { b: '2' }],
    ['a = 1 ; b = 2', { a: '1', b: '2' }],
    ['expires=Wed, 09 Jun 2021 10:18:14 GMT; b=2', { expires: 'Wed, 09 Jun 2021 10:18:14 GMT', b: '2' }]
  ]
  for (const [header, cookies] of cases) t.same(plain(parseCookies(header)), cookies, header)
})

t.test('parseContentType() finds type and parameters', async t => {
  const cases: [header: string | undefined, type: string, charset: string | undefined][] = [
    [undefined, 'application/octet-stream', undefined],
    ['', 'application/octet-stream', undefined],
    ['nonsense', 'application/octet-stream', undefined],
    ['a/b/c', 'application/octet-stream', undefined],
    ['TEXT/Html; Charset=UTF-8', 'text/html', 'UTF-8'],
    ['text/plain;charset="iso-8859-1"', 'text/plain', 'iso-8859-1'],
    ['text/plain; a="x;charset=y"; charset=z', 'text/plain', 'z'],
    ['text/plain; charset=a; charset=b', 'text/plain', 'a'],
    ['text/plain; charset = a', 'text/plain', 'a'],
    ['text/plain; charset="a\\"b"', 'text/plain', 'a"b'],
    ['text/plain; charset', 'text/plain', undefined],
    ['text/plain; charset="', 'text/plain', undefined],
    ['text/plain; charset=', 'text/plain', undefined]
  ]
  for (const [header, type, charset] of cases) {
    const parsed = parseContentType(header)
    t.equal(parsed.type, type, String(header))
    t.equal(parsed.parameters.get('charset'), charset, String(header))
  }
})

t.test('parseDisposition() reads names and file names in every form', async t => {
  const cases: [header: string | undefined, name: string | null, filename: string | null][] = [
    [undefined, null, null],
    ['form-data; name="a"', 'a', null],
    ['form-data; name=a; filename=b.txt', 'a', 'b.txt'],
    ['form-data; name="a"; filename="a \\"b\\" c.txt"', 'a', 'a "b" c.txt'],
    ['form-data; name="a"; filename="/etc/passwd"', 'a', 'etc/passwd'],
    ['form-data; name="a"; filename="\\\\server\\x"', 'a', 'serverx'],
    ['form-data; name="a"; filename=""', 'a', ''],
    ['form-data; name="a"; filename="x;y.txt"', 'a', 'x;y.txt'],
    ['form-data; name="a"; filename*=UTF-8\'\'na%C3%AFve.txt', 'a', 'naïve.txt'],
    ['form-data; name="a"; filename*=UTF-8\'\'%2Fetc%2Fx; filename="y"', 'a', 'etc/x'],
    ['form-data; name="a"; filename*=klingon\'\'%41', 'a', null],
    ['form-data; name="a"; filename*=klingon\'\'x', 'a', 'x'],
    ['form-data; name="a"; filename*=UTF-8\'\'%FF', 'a', null],
    ['form-data; name="a"; filename*0="foo"; filename*1="bar"', 'a', 'foobar'],
    ['form-data; name="a"; filename*0*=UTF-8\'\'f%C3%BC; filename*1=r', 'a', 'für'],
    ['form-data; name="a";', 'a', null],
    ['form-data; name="a"; name="b"', null, null],
    ['form-data; name', null, null],
    ['form-data; name="a', null, null],
    ['form data; name="a"', null, null]
  ]
  for (const [header, name, filename] of cases) {
    const { parameters } = parseDisposition(header)
    t.equal(dispositionValue(parameters, 'name'), name, String(header))
    t.equal(dispositionValue(parameters, 'filename'), filename, String(header))
  }
})

t.test('parseForwarded() keeps what it can read', async t => {
  const cases: [headers: string[], elements: Record<string, string>[]][] = [
    [[], []],
    [['for=192.0.2.60;proto=http;by=203.0.113.43;host=example.com'],
      [{ for: '192.0.2.60', proto: 'http', by: '203.0.113.43', host: 'example.com' }]],
    [['For="[2001:db8::17]:4711"'], [{ for: '[2001:db8::17]:4711' }]],
    [['for=1.2.3.4:80'], [{ for: '1.2.3.4:80' }]],
    [['for="a\\"b\\\\c"'], [{ for: 'a"b\\c' }]],
    [['for=a, for=b;proto=https'], [{ for: 'a' }, { for: 'b', proto: 'https' }]],
    [['for=a', 'for=b, for=c'], [{ for: 'a' }, { for: 'b' }, { for: 'c' }]],
    [['for=a;bad pair;proto=http, for=b'], [{ for: 'a' }, { for: 'b' }]],
    [['for=a proto=http, for=b'], [{ for: 'a' }, { for: 'b' }]],
    [[',,for=a,'], [{}, {}, { for: 'a' }, {}]]
  ]
  for (const [headers, elements] of cases) t.same(parseForwarded(headers).map(plain), elements, headers.join(' | '))
})

t.test('parseETags() stops at the first that is malformed', async t => {
  const tags = (header: string | undefined) =>
    parseETags(header)?.map(({ value, isWeak }) => `${isWeak ? 'W/' : ''}${value}`)
  t.same(tags('"a", W/"b","c"'), ['a', 'W/b', 'c'])
  t.same(tags('"a", b, "c"'), ['a'])
  t.same(tags('b'), [])
  t.same(tags('*'), ['*'])
  t.equal(parseETags(''), null)
  t.equal(parseETags(undefined), null)
})

t.test('parseRange() is a slice, or an error that is a 416', async t => {
  t.same(parseRange(undefined), { start: null, stop: null, step: 1 })
  t.same(parseRange('bytes=0-499'), { start: 0, stop: 500, step: 1 })
  t.same(parseRange('bytes=500-'), { start: 500, stop: null, step: 1 })
  t.same(parseRange('bytes=-500'), { start: -500, stop: null, step: 1 })
  for (const header of ['bytes=5-4', 'bytes=-', 'bytes=0-1,3-4', 'items=0-1', 'bytes 0-1', '']) {
    t.equal(statusOf(() => parseRange(header)), 416, header)
  }
})

t.test('parseHttpDate() knows the three formats of HTTP', async t => {
  for (const text of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
    t.equal(parseHttpDate(text)?.toISOString(), '1994-11-06T08:49:37.000Z', text)
  }
  t.equal(parseHttpDate('Mon, 01 Jan 0001 00:00:00 GMT')?.getUTCFullYear(), 2001)
  for (const text of [undefined, '', 'yesterday', 'Sun, 31 Feb 1994 08:49:37 GMT', 'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 25:49:37 GMT', '"etag"']) t.equal(parseHttpDate(text), null, String(text))
})

t.test('unquote() decodes valid UTF-8 and leaves the rest encoded', async t => {
  const cases: [encoded: string, decoded: string][] = [
    ['/a%20b/%C3%BC', '/a b/ü'], ['%FF', '%FF'], ['%FF%41', '%FFA'], ['%E4%41', '%E4A'], ['%', '%'], ['%4', '%4'],
    ['%zz', '%zz'], ['%F0%9F%98%80', '😀'], ['%C3', '%C3'], ['%ED%A0%80', '%ED%A0%80'], ['a+b', 'a+b'], ['ü', 'ü']
  ]
  for (const [encoded, decoded] of cases) t.equal(unquote(encoded), decoded, encoded)
  t.equal(unquote('a+b%2b%26c', 'space', '+=&;'), 'a b%2B%26c')
})

t.test('queryPairs() and formPairs() keep order, blanks and repetitions', async t => {
  t.same([...queryPairs('')], [])
  t.same([...queryPairs('a=&b&c=1+2&a=%C3%A9&d=%FF&e=1;f=2')],
    [['a', ''], ['b', ''], ['c', '1 2'], ['a', 'é'], ['d', '%FF'], ['e', '1;f=2']])
  t.same([...formPairs('a=1&&b=x+y%2Bz&=q&a=%FF')], [['a', '1'], ['b', 'x y+z'], ['', 'q'], ['a', '\ufffd']])
  t.same([...formPairs('a=%E9&b=%FF&c=%80', 'iso-8859-1')], [['a', 'é'], ['b', 'ÿ'], ['c', '\x80']])
  t.same([...formPairs('a=%FF&b=%EF%BB%BFx', 'windows-1252')], [['a', 'ÿ'], ['b', 'ï»¿x']])
  t.same([...formPairs('a=%E9', 'us-ascii')], [['a', '\ufffd']])
})

t.test('parseTarget() takes origin and absolute form apart', async t => {
  t.match(parseTarget('/a?b=1?c#d'), { scheme: null, host: null, path: '/a', query: 'b=1?c', relative: '/a?b=1?c#d' })
  t.match(parseTarget('HTTP://Other.test:81/x?y'), { scheme: 'http', host: 'other.test', authority: 'other.test:81', path: '/x', query: 'y' })
  t.match(parseTarget('http://other.test?y'), { path: '/', query: 'y' })
  t.match(parseTarget('*'), { path: '*', query: '' })
  t.equal(absoluteUrl('http', 'a:80', '/x'), 'http://a/x')
  t.equal(absoluteUrl('https', 'a:80', '/x'), 'https://a:80/x')
})

t.test('transfer encodings are decoded whatever the pieces', async t => {
  const cases: [encoding: string, text: string, decoded: string][] = [
    ['base64', 'aGVsbG8g\r\nd29ybGQ=', 'hello world'],
    ['Quoted-Printable', 'a=3Db=\r\nc=C3=BC =zz=\nd', 'a=bcü =zzd'],
    ['8bit', 'as it is', 'as it is'],
    ['binary', 'as it is', 'as it is']
  ]
  for (const [encoding, text, decoded] of cases) {
    for (const size of [1, 2, 3, 5, 100]) {
      const decoder = transferDecoder(encoding)
      const pieces: Buffer[] = []
      for (let at = 0; at < text.length; at += size) pieces.push(decoder.write(Buffer.from(text.slice(at, at + size))))
      t.equal(Buffer.concat([...pieces, decoder.end()]).toString(), decoded, `${encoding}, ${size} at a time`)
    }
  }
  t.equal(statusOf(() => transferDecoder('rot13')), 400)
  const cut = transferDecoder('base64')
  cut.write(Buffer.from('aGVsb'))
  t.equal(statusOf(() => cut.end()), 400)
})
