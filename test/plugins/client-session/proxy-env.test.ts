import t from 'tap'
import { proxyFromEnv } from '../../../plugins/client-session/proxy-env.ts'
import { parseUrl } from '../../../plugins/client-session/url/url.ts'

t.test('proxyFromEnv() takes the variable of the scheme, small letters first', async t => {
  const env = { HTTP_PROXY: 'http://big', http_proxy: 'http://u:p@small:3128', HTTPS_PROXY: ' plain:8080 ', ws_proxy: '', WS_PROXY: 'http://ws' }
  t.match(of('http://h/', env), { hostname: 'small', port: 3128, username: 'u', password: 'p' })
  t.match(of('https://h/', env), { origin: 'http://plain:8080' }, 'without a scheme')
  t.equal(of('ws://h/', env), undefined, 'empty small letters switch it off')
  t.equal(of('wss://h/', env), undefined)
  t.throws(() => of('http://h/', { http_proxy: 'http://[::1' }), TypeError)
})

t.test('proxyFromEnv() does not trust HTTP_PROXY in a CGI program', async t => {
  t.equal(of('http://h/', { HTTP_PROXY: 'http://evil', REQUEST_METHOD: 'GET' }), undefined)
  t.ok(of('http://h/', { http_proxy: 'http://p', REQUEST_METHOD: 'GET' }))
  t.ok(of('https://h/', { HTTPS_PROXY: 'http://p', REQUEST_METHOD: 'GET' }))
})

t.test('no_proxy names hosts, domains, ports and everything', async t => {
  const list = 'skip.test, .inner.test,*.star.test,Port.test:8080,127.0.0.1,::1,[fe80::1]:81'
  for (const [url, proxied] of [
    ['http://skip.test/', false], ['http://a.skip.test/', false], ['http://noskip.test/', true], ['http://inner.test/', false],
    ['http://a.inner.test/', false], ['http://x.star.test/', false], ['http://port.test:8080/', false], ['http://port.test/', true],
    ['http://127.0.0.1:99/', false], ['http://[::1]/', false], ['http://[fe80::1]:81/', false], ['http://[fe80::1]/', true]
  ] as const) t.equal(of(url, { http_proxy: 'http://p', no_proxy: list }) !== undefined, proxied, url)
  t.equal(of('http://h/', { http_proxy: 'http://p', NO_PROXY: 'a, *' }), undefined)
  t.ok(of('http://h/', { http_proxy: 'http://p', no_proxy: ',, .' }))
})

function of (url: string, env: NodeJS.ProcessEnv) {
  return proxyFromEnv(parseUrl(url), env)
}
