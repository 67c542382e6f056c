/** Who asks, by which scheme and at which host: by what trusted proxies say. */

import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { Socket } from 'node:net'
import { join } from 'node:path'
import Fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import remotes, { type RemotesOptions } from '../../../plugins/remotes/index.ts'
import requests from '../../../plugins/requests/index.ts'
import { AppRunner, TCPSite, UnixSite } from '../../../plugins/runner/index.ts'
import { build, shortFolder } from '../../helper.ts'
import { ask, made, viaNginx } from './helper.ts'

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
