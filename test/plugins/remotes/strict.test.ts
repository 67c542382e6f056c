/** Requests that are refused or sent elsewhere: strict, allowed hosts, secure. */

import { connect } from 'node:net'
import t from 'tap'
import bundle from '../../../app.ts'
import { build } from '../../helper.ts'
import { ask, made, viaNginx } from './helper.ts'

t.test('strict: what did not come through the proxies as it should is 400', async t => {
  const app = await made(t, { trusted: ['127.0.0.1', '10.0.0.1'], strict: true })
  const status = async (headers: Record<string, string | string[]>, peer?: string) =>
    (await ask(app, headers, peer)).status

  t.equal(await status(viaNginx), 200)
  t.equal(await status({ ...viaNginx, 'x-forwarded-for': '203.0.113.7, 10.0.0.1' }), 200)
  t.equal(await status({ ...viaNginx, 'x-forwarded-for': '203.0.113.7, 10.0.0.1', 'x-forwarded-proto': 'https, http' }), 200)
  t.equal(await status(viaNginx, '10.0.0.2'), 400, 'past the proxies')
  t.equal(await status({}), 400, 'no header')
  t.equal(await status({ 'x-forwarded-for': '6.6.6.6, 203.0.113.7' }), 400, 'a proxy nobody trusts, or a client that wrote one')
  t.equal(await status({ 'x-forwarded-for': '203.0.113.7, nonsense' }), 400)
  t.equal(await status({ ...viaNginx, 'x-forwarded-proto': 'gopher' }), 400)
  t.equal(await status({ ...viaNginx, 'x-forwarded-host': 'a/b' }), 400)
  t.equal(await status({ ...viaNginx, 'x-forwarded-proto': 'https, http' }), 400, 'two schemes, one proxy')
})

t.test('strict: a header that is there twice is 400, for two proxies may read two of them', async t => {
  const app = await made(t, { trusted: ['127.0.0.1'], strict: true })
  const relaxed = await made(t, { trusted: ['127.0.0.1'] })
  const lines = ['GET / HTTP/1.1', 'Host: x', 'Connection: close',
    'X-Forwarded-For: 6.6.6.6', 'x-forwarded-for: 203.0.113.7']
  for (const [server, expected] of [[app, 'HTTP/1.1 400'], [relaxed, '"ip":"203.0.113.7"']] as const) {
    await server.listen({ port: 0, host: '127.0.0.1' })
    const socket = connect((server.server.address() as { port: number }).port, '127.0.0.1')
    socket.end(lines.join('\r\n') + '\r\n\r\n')
    let answer = ''
    for await (const piece of socket) answer += String(piece)
    t.match(answer, expected)
  }
})

t.test('strict: so many proxies, not more and not less', async t => {
  for (const options of [{ trusted: ['*'], hops: 2 }, { trusted: [['*'], ['*']] }]) {
    const app = await made(t, { ...options, strict: true })
    t.match(await ask(app, { 'x-forwarded-for': '203.0.113.7, 10.0.0.1' }), { status: 200, ip: '203.0.113.7' })
    for (const addresses of ['203.0.113.7', '6.6.6.6, 203.0.113.7, 10.0.0.1']) {
      t.match(await ask(app, { 'x-forwarded-for': addresses }), { status: 400 }, addresses)
    }
  }
})

t.test('strict: Forwarded as well', async t => {
  const app = await made(t, { trusted: ['127.0.0.1'], strict: true, header: 'forwarded' })
  t.match(await ask(app, { forwarded: 'for=203.0.113.7;proto=https' }), { status: 200, ip: '203.0.113.7' })
  for (const forwarded of ['', 'for=unknown', 'proto=https', 'for=1.1.1.1;proto=x', 'for=1.1.1.1;host="a b"', 'for="', 'for=6.6.6.6, for=1.1.1.1']) {
    t.match(await ask(app, { forwarded }), { status: 400 }, forwarded)
  }
})

t.test('a route may take requests from anybody, and a refusal does not say why', async t => {
  const app = build(t)
  await app.register(bundle, {
    remotes: { trusted: ['unix'], strict: true, allowedHosts: ['example.com'], secure: true }, health: {}
  })
  app.get('/open', { config: { remotes: false } }, async () => 'open')
  app.get('/', async () => '')

  t.equal((await app.inject('/open')).body, 'open')
  t.equal((await app.inject('/readyz')).body, 'ok')
  const { statusCode, body } = await app.inject('/')
  t.equal(statusCode, 400)
  t.equal(body, '400: Bad Request')
  t.equal((await app.inject('/missing')).statusCode, 400, 'before a path is looked up')
})

t.test('requests are taken for allowed hosts only', async t => {
  const app = await made(t, { allowedHosts: ['Example.com', '*.example.org', 'one.example:8080', '[::1]'] })
  const status = async (host: string) => (await ask(app, { host })).status
  for (const host of ['example.com', 'EXAMPLE.COM:99', 'example.com.', 'a.example.org', 'a.b.example.org:1', 'one.example:8080', '[::1]:80']) {
    t.equal(await status(host), 200, host)
  }
  for (const host of ['', 'example.org', 'evilexample.org', 'example.com.evil', 'one.example', 'one.example:1', 'a@example.com', 'example.com:x']) {
    t.equal(await status(host), 400, host)
  }
})

t.test('the host that counts is the one a trusted proxy names', async t => {
  const app = await made(t, { trusted: ['127.0.0.1'], allowedHosts: ['example.com'] })
  t.match(await ask(app, viaNginx), { status: 200 })
  t.match(await ask(app, viaNginx, '10.0.0.1'), { status: 400 })
  t.match(await ask(app, { host: 'example.com', 'x-forwarded-host': 'evil.example' }), { status: 400 })
})

t.test('secure: HTTP is sent to HTTPS, and HTTPS is told to stay', async t => {
  const app = await made(t, { trusted: ['127.0.0.1'], secure: true })
  const plain = await app.inject({ url: '/a//b?c=d', headers: { host: 'example.com:8080' } })
  t.match(plain, { statusCode: 308, headers: { location: 'https://example.com/a//b?c=d' } })
  t.notOk(plain.headers['strict-transport-security'])

  const { statusCode, headers } = await app.inject({ url: '/', headers: viaNginx })
  t.equal(statusCode, 200)
  t.equal(headers['strict-transport-security'], 'max-age=31536000')
  const spoofed = await app.inject({ url: '/', headers: viaNginx, remoteAddress: '10.0.0.1' })
  t.equal(spoofed.statusCode, 308)
})

t.test('secure: other answers', async t => {
  const refused = await made(t, { secure: { redirect: false } })
  t.equal((await refused.inject('/')).statusCode, 400)
  const elsewhere = await made(t, { secure: { redirectUrl: 'https://example.com:8443/', strictTransportSecurity: '' } })
  t.equal((await elsewhere.inject('/x')).headers.location, 'https://example.com:8443/x')
  const app = await made(t, { secure: true })
  t.equal((await app.inject({ url: '/', headers: { host: 'a b' } })).statusCode, 400, 'no redirection to nowhere')
  t.equal((await app.inject({ url: '//evil.example/', headers: { host: 'example.com' } })).headers.location, 'https://example.com//evil.example/')
})
