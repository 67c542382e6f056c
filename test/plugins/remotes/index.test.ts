import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect, Socket } from 'node:net'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import bundle from '../../../app.ts'
import remotes, { type RemotesOptions } from '../../../plugins/remotes/index.ts'
import requests from '../../../plugins/requests/index.ts'
import { AppRunner, TCPSite, UnixSite } from '../../../plugins/runner/index.ts'
import { build, shortFolder } from '../../helper.ts'

const say = ({ ip, ips, host, hostname, port, protocol }: FastifyRequest) =>
  ({ ip, ips, host, hostname, port, protocol })

async function made (t: Test, options: RemotesOptions): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(remotes, options)
  app.get('/', async request => say(request))
  return app
}

async function ask (app: FastifyInstance, headers: Record<string, string | string[]>, remoteAddress = '127.0.0.1') {
  const response = await app.inject({ url: '/', headers: { host: 'inside:81', ...headers }, remoteAddress })
  return { status: response.statusCode, ...response.statusCode === 200 ? response.json() : {} }
}

const viaNginx = {
  'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'example.com'
}

t.test('without trusted proxies nothing changes', async t => {
  const app = await made(t, {})
  t.match(await ask(app, viaNginx), { ip: '127.0.0.1', host: 'inside:81', protocol: 'http', ips: undefined })
})

t.test('a trusted proxy says who asks, by which scheme and at which host', async t => {
  const app = await made(t, { trusted: ['loopback'] })

  t.match(await ask(app, viaNginx), {
    ip: '203.0.113.7', ips: ['127.0.0.1', '203.0.113.7'], host: 'example.com', hostname: 'example.com', protocol: 'https'
  })
  t.match(await ask(app, { 'x-forwarded-host': 'example.com:8443' }), { hostname: 'example.com', port: 8443, ip: '127.0.0.1' })
  t.match(await ask(app, {}), { ip: '127.0.0.1', ips: ['127.0.0.1'], host: 'inside:81', protocol: 'http' })
})

t.test('anybody else says nothing', async t => {
  const app = await made(t, { trusted: ['10.0.0.0/8', '::1', 'fd00::/8', 'unix'] })
  for (const peer of ['127.0.0.1', '11.0.0.1', '::2', '::ffff:11.0.0.1', 'fe80::1']) {
    t.match(await ask(app, viaNginx, peer), { ip: peer, host: 'inside:81', protocol: 'http' }, peer)
  }
  for (const peer of ['10.255.0.1', '::1', '0:0:0:0:0:0:0:1', 'fd12::1', '::ffff:10.0.0.1', '::ffff:a00:1']) {
    t.match(await ask(app, viaNginx, peer), { ip: '203.0.113.7', host: 'example.com', protocol: 'https' }, peer)
  }
})

t.test('what a client writes itself is left of what the proxies write, and does not count', async t => {
  const app = await made(t, { trusted: ['127.0.0.1', '10.0.0.0/8'] })
  const clients = [
    ['1.1.1.1, 203.0.113.7', '203.0.113.7'],
    ['127.0.0.1, 203.0.113.7, 10.0.0.1', '203.0.113.7'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::1]:4711, 10.0.0.1', '2001:db8::1']
  ]
  for (const [header = '', ip] of clients) t.match(await ask(app, { 'x-forwarded-for': header }), { ip }, header)
})

t.test('what is no address ends the way there', async t => {
  const app = await made(t, { trusted: ['127.0.0.1', '10.0.0.0/8', '*'] })
  for (const nonsense of ['unknown', '', '1.2.3', '<script>', '1.2.3.4, ,', 'fe80::1%eth0', '\u00e4']) {
    t.match(await ask(app, { 'x-forwarded-for': nonsense }), { ip: '127.0.0.1' }, nonsense)
  }
  t.match(await ask(app, { 'x-forwarded-for': '1.1.1.1, unknown, 10.0.0.1' }), { ip: '10.0.0.1' })
})

t.test('a scheme or a host that is none does not count', async t => {
  const app = await made(t, { trusted: ['loopback'] })
  for (const proto of ['javascript', '', 'https\u00e4', 'http://', '//']) {
    t.match(await ask(app, { 'x-forwarded-proto': proto }), { protocol: 'http' }, proto)
  }
  t.match(await ask(app, { 'x-forwarded-proto': 'WSS' }), { protocol: 'https' })
  for (const host of ['a b', 'evil.example/path', 'user@evil.example', 'evil.example:port', '"', '[::1', 'a'.repeat(300)]) {
    t.match(await ask(app, { 'x-forwarded-host': host }), { host: 'inside:81' }, host)
  }
})

t.test('the farthest proxy that is believed knows what was asked for', async t => {
  const app = await made(t, { trusted: ['127.0.0.1', '10.0.0.1'] })
  const proto = 'http, https, http'
  t.match(await ask(app, { 'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.0.0.1', 'x-forwarded-proto': proto }), { protocol: 'https' })
  t.match(await ask(app, { 'x-forwarded-for': '203.0.113.7, 10.0.0.9', 'x-forwarded-proto': proto }), { protocol: 'http' })
})

t.test('hops limit how many are believed', async t => {
  const app = await made(t, { trusted: ['*'], hops: 2 })
  t.match(await ask(app, { 'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.0.0.1' }), { ip: '203.0.113.7' })
  t.match(await ask(app, { 'x-forwarded-for': '203.0.113.7' }), { ip: '203.0.113.7' })
})

t.test('a list of lists names one proxy after the other', async t => {
  const app = await made(t, { trusted: [['127.0.0.1'], ['10.0.0.1', '10.0.0.2']] })
  t.match(await ask(app, { 'x-forwarded-for': '203.0.113.7, 10.0.0.2' }), { ip: '203.0.113.7' })
  t.match(await ask(app, { 'x-forwarded-for': '203.0.113.7, 10.0.0.3' }), { ip: '10.0.0.3' })
  t.match(await ask(app, { 'x-forwarded-for': '203.0.113.7, 127.0.0.1' }), { ip: '127.0.0.1' })
})

t.test('Forwarded says the same (RFC 7239)', async t => {
  const app = await made(t, { trusted: ['127.0.0.1', '10.0.0.1'], header: 'forwarded' })
  const cases: [header: string, expected: object][] = [
    ['for=203.0.113.7;proto=https;host=example.com', { ip: '203.0.113.7', protocol: 'https', host: 'example.com' }],
    ['FOR="[2001:db8::1]:4711"; Proto=HTTPS', { ip: '2001:db8::1', protocol: 'https', host: 'inside:81' }],
    ['for=6.6.6.6;proto=http, for=203.0.113.7;proto=https;host=a, for=10.0.0.1;proto=http;host=b',
      { ip: '203.0.113.7', protocol: 'https', host: 'a' }],
    ['for=unknown;proto=https', { ip: '127.0.0.1', protocol: 'https' }],
    ['for=_hidden', { ip: '127.0.0.1' }],
    ['for="203.0.113\\.7"', { ip: '203.0.113.7' }]
  ]
  for (const [header, expected] of cases) t.match(await ask(app, { forwarded: header }), expected, header)
  t.match(await ask(app, viaNginx), { ip: '127.0.0.1', host: 'inside:81', protocol: 'http' }, 'of two kinds one is read')
})

t.test('a Forwarded that is malformed anywhere counts nowhere', async t => {
  const app = await made(t, { trusted: ['127.0.0.1'], header: 'forwarded' })
  const tricks = ['for="', 'for="x', 'for=1.1.1.1;for=2.2.2.2', 'for=1.1.1.1;', 'for', '=', 'for=1.1.1.1 for=2.2.2.2', ';', 'for="a\u00e4']
  for (const trick of tricks) {
    t.match(await ask(app, { forwarded: `${trick}, for="203.0.113.7";proto=https` }), { ip: '127.0.0.1', protocol: 'http' }, trick)
  }
})

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

t.test('over a Unix socket whoever is there is believed with "unix" only', async t => {
  for (const [trusted, expected] of [[['unix'], '203.0.113.7'], [['loopback', '0.0.0.0/0', '::/0'], null]] as const) {
    const app = Fastify()
    await app.register(remotes, { trusted })
    app.get('/', async request => ({ ip: request.ip ?? null, protocol: request.protocol }))
    const runner = new AppRunner(app)
    t.teardown(() => runner.cleanup())
    await runner.setup()
    const socketPath = join(shortFolder(t), 's')
    await new UnixSite(runner, socketPath).start()

    const request = httpRequest({ socketPath, headers: viaNginx, agent: false }).end()
    const [response] = await once(request, 'response')
    let body = ''
    for await (const piece of response) body += String(piece)
    t.same(JSON.parse(body), { ip: expected, protocol: expected === null ? 'http' : 'https' })
  }
})

t.test('a TCP client that has gone does not pass for a Unix socket', async t => {
  const app = Fastify()
  await app.register(remotes, { trusted: ['unix'] })
  const socket = new Socket()
  const seen = new Promise(resolve => {
    app.get('/', async request => {
      socket.resetAndDestroy()
      // Not once(): it rejects at the reset.
      await new Promise(resolve => request.socket.once('close', resolve))
      resolve([request.ip, request.protocol])
      return ''
    })
  })
  const runner = new AppRunner(app)
  t.teardown(() => runner.cleanup())
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()

  await once(socket.connect(site.port ?? 0, '127.0.0.1'), 'connect')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n\r\n')

  const [ip, protocol] = await seen as [string | undefined, string]
  t.not(ip, '203.0.113.7')
  t.equal(protocol, 'http')
})

t.test('the facts of aiohttp\'s request follow, and a context may trust others', async t => {
  const app = build(t)
  await app.register(requests)
  const say = ({ remote, scheme, secure, authority, absoluteUrl }: FastifyRequest) =>
    ({ remote, scheme, secure, authority, absoluteUrl })
  app.get('/outer', async request => say(request))
  await app.register(async inner => {
    await inner.register(remotes, { trusted: ['loopback'] })
    inner.get('/inner', async request => say(request))
  })

  t.match((await app.inject({ url: '/inner?x', headers: viaNginx })).json(), {
    remote: '203.0.113.7', scheme: 'https', secure: true, authority: 'example.com', absoluteUrl: 'https://example.com/inner?x'
  })
  const outer = await app.inject({ url: '/outer', headers: viaNginx })
  t.match(outer.json(), { remote: '127.0.0.1', scheme: 'http', authority: 'localhost:80' })
})

t.test('the log names the client', async t => {
  const lines: string[] = []
  const app = build(t, { logger: { stream: { write: (line: string) => { lines.push(line) } } } })
  await app.register(remotes, { trusted: ['loopback'] })
  app.get('/', async () => '')
  await app.inject({ url: '/', headers: viaNginx })
  t.match(lines.join(''), '"remoteAddress":"203.0.113.7"')
})

t.test('wrong options are refused', async t => {
  const wrong: [options: object, code: string][] = [
    [{ trusted: ['10.0.0.0/33'] }, 'AIO_ERR_OPTION_INVALID'],
    [{ trusted: ['localhost'] }, 'AIO_ERR_OPTION_INVALID'],
    [{ trusted: '127.0.0.1' }, 'AIO_ERR_OPTION_INVALID'],
    [{ trusted: ['127.0.0.1', ['::1']] }, 'AIO_ERR_OPTION_INVALID'],
    [{ trusted: [['unix']], hops: 1 }, 'AIO_ERR_OPTION_CONFLICT'],
    [{ strict: true }, 'AIO_ERR_OPTION_INVALID'],
    [{ header: 'x-real-ip' }, 'AIO_ERR_OPTION_INVALID'],
    [{ allowedHosts: ['https://example.com'] }, 'AIO_ERR_OPTION_INVALID'],
    [{ secure: { redirectUrl: 'http://example.com' } }, 'AIO_ERR_OPTION_INVALID'],
    [{ secure: { redirectUrl: 'https://example.com/path' } }, 'AIO_ERR_OPTION_INVALID'],
    [{ trust: [] }, 'AIO_ERR_OPTION_UNKNOWN']
  ]
  for (const [options, code] of wrong) {
    const register = async () => await build(t).register(remotes, options as RemotesOptions)
    await t.rejects(register, { code }, JSON.stringify(options))
  }
  await t.rejects(async () => await build(t, { trustProxy: true }).register(remotes, { trusted: ['unix'] }),
    { code: 'AIO_ERR_REMOTES_PRESENT' })
})
