import t from 'tap'
import type { RequestUrl } from '../../../../plugins/client-session/url/request-url.ts'
import {
  EncodedUrl, isAmbiguousAddress, parseUrl, redirectUrl, requestUrl
} from '../../../../plugins/client-session/url/url.ts'

t.test('requestUrl() quotes a path as yarl does', async t => {
  for (const [path, target] of [
    ['/a b', '/a%20b'], ['/é', '/%C3%A9'], ['/%C3%a9', '/%C3%A9'], ['/%7Euser', '/~user'], ['/a%2fb', '/a%2Fb'],
    ['/a%2Fb?x=%2f', '/a%2Fb?x=/'], ['/a/./b/../c', '/a/c'], ['/%2e%2e/x', '/x'], ['/a/..', '/'], ['/a/b/.', '/a/b/'],
    ['/../../x', '/x'], ['/a//b', '/a//b'], ['/+', '/+'], ['/%2B', '/%2B'], ['/a;b=c', '/a;b=c'], ['/[x]', '/%5Bx%5D'],
    ['/a|b^c`d{e}', '/a%7Cb%5Ec%60d%7Be%7D'], ['/\\back', '/%5Cback'], ['/%zz', '/%25zz'], ['/%', '/%25'],
    ['/a%25b', '/a%25b'], ['', '/'], ['/x\r\nInjected: 1', '/xInjected:%201']
  ] as const) t.equal(get(`http://h${path}`).target, target, path)
})

t.test('requestUrl() quotes a query as yarl does', async t => {
  for (const [query, quoted] of [
    ['a=b c', 'a=b+c'], ['a=%20', 'a=%20'], ['a=+', 'a=+'], ['a=%2B', 'a=%2B'], ['a&b=', 'a&b='], ['', ''],
    ['a=é', 'a=%C3%A9'], ['a=%C3%A9', 'a=%C3%A9'], ['a=b&c=d%26e', 'a=b&c=d%26e'], ['a=1;b=2', 'a=1;b=2'],
    ['a=\'"<>', "a='%22%3C%3E"], ['a=/?:@', 'a=/?:@'], ['a=%zz', 'a=%25zz'], ['a[]=1', 'a%5B%5D=1']
  ] as const) t.equal(get(`http://h/?${query}`).search, quoted === '' ? '' : `?${quoted}`, query)
})

t.test('requestUrl() adds parameters to the query that is there', async t => {
  for (const [params, query] of [
    [{ q: 'a b', n: 1, f: 1.5, big: 12345678901234567890n, left: undefined }, 'q=a+b&n=1&f=1.5&big=12345678901234567890'],
    [[['k', '1'], ['k', '2'], ['j', '3']], 'k=1&k=2&j=3'],
    [new URLSearchParams([['k', '1'], ['k', 'ä']]), 'k=1&k=%C3%A4'],
    [{ k: ['1', '2'], j: [] }, 'k=1&k=2'],
    ['a=1&b=x y', 'a=1&b=x+y'], ['?a=1', '?a=1'], ['a=%20&b=+', 'a=%2520&b=+'], ['плюс=1', '%D0%BF%D0%BB%D1%8E%D1%81=1'], ['', ''],
    [{ 'a+b': 'c&d=e', p: '100%', s: 'a/b?c#d', at: '@:;,' }, 'a%2Bb=c%26d%3De&p=100%25&s=a/b?c%23d&at=@:%3B,'],
    [{ e: 'é', emoji: '😀', half: '\ud800' }, 'e=%C3%A9&emoji=%F0%9F%98%80&half=%EF%BF%BD'],
    [{ a: '', b: '0' }, 'a=&b=0'], [[['', 'x']], '=x'], [{}, ''],
    [{ neg: -5, zero: 0, exp: 1e21 }, 'neg=-5&zero=0&exp=1e%2B21']
  ] as const) t.equal(requestUrl(undefined, 'http://h/', params).search, query === '' ? '' : `?${query}`)

  t.equal(String(requestUrl(undefined, 'http://h/?a=1&b=2', { b: '3', c: '4' })), 'http://h/?a=1&b=2&b=3&c=4')
  t.equal(String(requestUrl(undefined, 'http://h/?a=1#f', { z: '1' }).withoutHash()), 'http://h/?a=1&z=1')
  for (const params of [{ a: null }, { a: true }, { a: NaN }, { a: Infinity }, { a: Buffer.from('x') }, 1, null]) {
    // @ts-expect-error values that are no text
    t.throws(() => requestUrl(undefined, 'http://h/', params), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  }
})

t.test('an encoded URL is sent as it stands', async t => {
  t.equal(get(new EncodedUrl('http://h/a%2fb/%7e/../x?x=%c3%a9&y=+')).href, 'http://h/a%2fb/%7e/../x?x=%c3%a9&y=+')
  t.equal(get(new EncodedUrl('http://h')).target, '/')
  for (const text of ['http://h/a b', 'http://h/é', 'http://h/\r\nX: 1']) t.throws(() => new EncodedUrl(text), TypeError)
})

t.test('requestUrl() knows host, port, origin and credentials', async t => {
  const url = get('HTTP://us%40er:p%3Aw@EXAMPLE.test:8080/x?a=1#frag')
  t.match(url, { protocol: 'http:', username: 'us@er', password: 'p:w', hostname: 'example.test', port: 8080, hash: '#frag' })
  t.equal(url.href, 'http://example.test:8080/x?a=1#frag', 'credentials are not shown')
  t.equal(url.origin, 'http://example.test:8080')
  t.same({ ...url.withoutCredentials() }, { ...url, username: undefined, password: undefined })

  t.match(get('http://:pw@h/'), { username: '', password: 'pw' })
  t.match(get('http://u@h/'), { username: 'u', password: undefined })
  t.match(get('http://%zz@h/'), { username: '%zz' })
  t.match(get('http://h:80/'), { port: 80, host: 'h', secure: false })
  t.match(get('wss://h'), { port: 443, host: 'h', secure: true })
  t.match(get('https://h:80/'), { port: 80, host: 'h:80' })
  t.match(get('http://[2001:DB8:0::1]:81/'), { hostname: '2001:db8::1', host: '[2001:db8::1]:81' })
  t.match(get('http://[fe80::1%25eth0]/'), { hostname: 'fe80::1%25eth0' })
  t.match(get('http://bücher.test/'), { hostname: 'xn--bcher-kva.test' })
  t.match(get('http://0x7f000001/'), { hostname: '0x7f000001' }, 'a name, not an address')
  t.equal(get(new URL('http://h/x')).href, 'http://h/x')
  t.equal(get('http://h:/').href, 'http://h/')
  t.equal(get('http://h/#').href, 'http://h/')
  t.equal(JSON.stringify({ url: get('http://h') }), '{"url":"http://h/"}')
  t.equal(get('http://h/x').withProtocol('ws:').href, 'ws://h/x')
})

t.test('requestUrl() refuses what is no URL, no place or not HTTP', async t => {
  for (const url of ['http://[::1', 'http://[zz]/', 'http://h:99999/', 'http://h:abc/', 'http://h:0/', 'http://:80/', 'http://exa mple.test/',
    'http://h\\@evil/', 'http://%65vil/', 'http://h:1:2/', 'http://\u2100/', 5, null]) {
    // @ts-expect-error some are no text
    t.throws(() => get(url), { name: 'InvalidUrlClientError', url: String(url), cause: TypeError }, String(url))
  }
  for (const url of ['', 'http://', 'http:///path', 'http:x', '/x', 'x', '?a=1', '//h/x']) {
    t.throws(() => get(url), { name: 'InvalidUrlClientError', url, cause: undefined }, url)
  }
  for (const url of ['ftp://h/x', 'mailto:a@b.test', 'file:///etc/hosts', 'javascript:1', 'data:,x', 'call:+38']) {
    t.throws(() => get(url), { name: 'NonHttpUrlClientError', message: url }, url)
  }
  t.equal(parseUrl('mailto:a@b.test').href, 'mailto:a@b.test')
  t.same(['127.1', '2130706433', '1.2.3.4', '0x7f', 'a.1', '...', '01.2.3.4'].map(isAmbiguousAddress),
    [true, true, false, false, false, false, true])
})

t.test('redirectUrl() leads on from where the answer came', async t => {
  const from = get('http://u:p@h/dir/x?q=1#f')
  t.equal(redirectUrl(from, 'to', true).href, 'http://h/dir/to')
  t.equal(redirectUrl(from, '/a b/%7e/é?q=a b#g', true).href, 'http://h/a%20b/~/%C3%A9?q=a+b#g')
  t.equal(redirectUrl(from, '/a%2fb/%7e?q=%c3%a9', false).href, 'http://h/a%2fb/%7e?q=%c3%a9')
  t.equal(redirectUrl(from, '/a b/é', false).href, 'http://h/a%20b/%C3%A9', 'what would break the request line')
  t.match(redirectUrl(from, 'https://a:b@other/', true), { username: 'a', password: 'b' })

  for (const location of ['http://127.0.0.1:bad/', 'http://[::1', 'http://:80/', 'http:///x']) {
    t.throws(() => redirectUrl(from, location, true), { name: 'InvalidUrlRedirectClientError', url: location, cause: TypeError })
  }
  for (const location of ['ftp://h/x', 'mailto:a@b.test', 'data:,x', 'javascript:alert(1)', 'ws://h/']) {
    t.throws(() => redirectUrl(from, location, true), { name: 'NonHttpUrlRedirectClientError', message: location })
  }
})

t.test('a reference is resolved against the base (RFC 3986, section 5.4)', async t => {
  const base = get('http://u:p@h:81/api/v1/?z=1#f')
  for (const [reference, href] of [
    ['users', 'http://h:81/api/v1/users'], ['/users', 'http://h:81/users'], ['../up', 'http://h:81/api/up'],
    ['?q=1', 'http://h:81/api/v1/?q=1'], ['', 'http://h:81/api/v1/?z=1'], ['#frag', 'http://h:81/api/v1/?z=1#frag'],
    ['./x/./y', 'http://h:81/api/v1/x/y'], ['../../../x?y', 'http://h:81/x?y'], ['..', 'http://h:81/api/'],
    ['//other/x', 'http://other/x'], ['https://abs/x', 'https://abs/x']
  ] as const) t.equal(requestUrl(base, reference).href, href, reference)
  t.equal(requestUrl(base, 'x').username, 'u')
  t.equal(requestUrl(base, '//other/x').username, undefined)
  t.equal(requestUrl(base, 'http://abs/').username, undefined)
})

function get (url: Parameters<typeof requestUrl>[1]): RequestUrl {
  return requestUrl(undefined, url)
}
