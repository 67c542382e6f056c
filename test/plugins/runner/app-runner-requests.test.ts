/** What a runner serves, on every kind of site, and what it answers to what is no request. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import t from 'tap'
import WebSocket from 'ws'
import { ServerRunner, TCPSite, UnixSite, type RunnerOptions } from '../../../plugins/runner/index.ts'
import { makeCertificate } from '../../certificate.ts'
import { shortFolder } from '../../helper.ts'
import { get, Raw } from '../../raw.ts'
import { ask, createApp, start, startSite } from './app-runner-helper.ts'

t.test('one app on two ports, TLS and a Unix socket: each answers, each stops by itself', async t => {
  const { app } = createApp()
  await app.register(websocket)
  app.get('/echo', { websocket: true }, socket => {
    socket.on('message', data => socket.send(`echo ${String(data)}`))
  })
  const runner = await start(t, app)
  const folder = shortFolder(t)
  const path = join(folder, 'sock')
  const first = await startSite(runner)
  const second = await startSite(runner)
  const secure = new TCPSite(runner, { host: '127.0.0.1', port: 0, tls: makeCertificate(folder) })
  const unix = new UnixSite(runner, path)
  await secure.start()
  await unix.start()

  t.equal(first.name, `http://127.0.0.1:${first.port}`)
  t.equal(secure.name, `https://127.0.0.1:${secure.port}`)
  t.equal(unix.name, `http://unix:${path}:`)
  t.same(runner.addresses, [
    ...[first, second, secure].map(({ port }) => ({ address: '127.0.0.1', family: 'IPv4', port })), path
  ])
  t.same(runner.inspect().sites, [first, second, secure, unix].map(({ name }) => name))

  const targets = [
    { port: first.port }, { port: second.port }, { port: secure.port, tls: true }, { socketPath: path }
  ]
  t.same(await Promise.all(targets.map(ask)), ['hello', 'hello', 'hello', 'hello'])

  const urls = [
    `ws://127.0.0.1:${first.port}/echo`, `ws://127.0.0.1:${second.port}/echo`,
    `wss://127.0.0.1:${secure.port}/echo`, `ws+unix:${path}:/echo`
  ]
  const sockets = await Promise.all(urls.map(async url => {
    const socket = new WebSocket(url, { rejectUnauthorized: false })
    t.teardown(() => socket.terminate())
    await once(socket, 'open')
    return socket
  }))
  const echo = async (socket: WebSocket, text: string) => {
    socket.send(text)
    const [data] = await once(socket, 'message')
    return String(data)
  }
  t.same(await Promise.all(sockets.map(socket => echo(socket, 'one'))), Array(4).fill('echo one'))

  await first.stop()
  await secure.stop()

  await t.rejects(ask({ port: first.port }), { code: 'ECONNREFUSED' })
  await t.rejects(ask({ port: secure.port, tls: true }), { code: 'ECONNREFUSED' })
  t.equal(await ask({ port: second.port }), 'hello')
  t.equal(await ask({ socketPath: path }), 'hello')
  // Connections outlive their site.
  t.same(await Promise.all(sockets.map(socket => echo(socket, 'two'))), Array(4).fill('echo two'))

  await unix.stop()
  await t.rejects(ask({ socketPath: path }), { code: 'ENOENT' })
  t.equal(await ask({ port: second.port }), 'hello')
})

t.test('a request that asks for h2c is an ordinary one, and its connection goes on', async t => {
  const { app } = createApp()
  await app.register(websocket)
  app.get('/echo', { websocket: true }, socket => { socket.send('welcome') })
  const runner = await start(t, app)
  const folder = shortFolder(t)
  const plain = await startSite(runner)
  const secure = new TCPSite(runner, { host: '127.0.0.1', port: 0, tls: makeCertificate(folder) })
  await secure.start()
  const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'
  const post = (headers: string) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n${headers}\r\n`

  for (const target of [{ port: plain.port }, { port: secure.port, tls: true }]) {
    const raw = await Raw.open(t, target)
    raw.write(get('/', h2c))
    t.match(await raw.until(/hello/), /^HTTP\/1.1 200 OK\r\n/)
    t.notMatch(raw.text, /connection: close/i)
    raw.write(post(`${h2c}Content-Length: 3\r\n`) + 'abc')
    await raw.until(/\r\n\r\nabc$/)
    // The body in a piece of its own, and chunked.
    raw.write(post(`${h2c}Transfer-Encoding: chunked\r\n`))
    raw.write('3\r\ndef\r\n0\r\n\r\n')
    await raw.until(/\r\n\r\ndef$/)
    raw.write(get('/', h2c) + get('/'))
    await raw.until(/hello[^]*hello[^]*hello$/)
    t.equal(raw.text.split('HTTP/1.1 200 OK').length - 1, 5)
    // And a real handshake still is one.
    raw.write(get('/echo', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'))
    await raw.until(/101 Switching Protocols[^]*welcome/)
    raw.socket.destroy()
  }
})

t.test('what is no request is answered with 400, 431 and 408', async t => {
  const { app } = createApp()
  const runner = await start(t, app, { server: { headersTimeout: 100, connectionsCheckingInterval: 20 } })
  const { port } = await startSite(runner)
  const send = async (text: string) => {
    const raw = await Raw.open(t, { port })
    raw.write(text)
    return (await raw.ended).text
  }

  const [bad, big, half] = await Promise.all([
    send('HELLO\r\n\r\n'),
    send(get('/', `X-Big: ${'x'.repeat(20_000)}\r\n`)),
    send('GET / HTTP/1.1\r\nHost: x\r\n')
  ])

  t.match(bad, /^HTTP\/1.1 400 /)
  t.match(big, /^HTTP\/1.1 431 /)
  t.match(half, /^HTTP\/1.1 408 /)
})

t.test('the clientErrorHandler of an app is asked on every site', async t => {
  const app = Fastify({
    clientErrorHandler (error, socket) { socket.end(`HTTP/1.1 418 ${error.code}\r\nConnection: close\r\n\r\n`) }
  })
  const runner = await start(t, app)
  const { port } = await startSite(runner)
  const raw = await Raw.open(t, { port })

  raw.write('HELLO\r\n\r\n')

  t.match((await raw.ended).text, /^HTTP\/1.1 418 HPE_INVALID_METHOD/)
})

t.test('ServerRunner serves a bare listener', async t => {
  t.throws(() => new ServerRunner({} as never), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => new ServerRunner(() => {}, { x: 1 } as RunnerOptions), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  const runner = new ServerRunner((request, response) => { response.end(`you asked for ${request.url}`) })
  t.teardown(() => runner.cleanup())
  t.throws(() => new TCPSite(runner), { code: 'AIO_ERR_RUNNER_NOT_SET_UP' })
  await runner.setup()
  const site = await startSite(runner)

  t.equal(await ask({ port: site.port }), 'you asked for /')
  t.equal(runner.inspect().waitingFor, null)

  const handshake = once(runner.events, 'upgrade')
  const raw = await Raw.open(t, { port: site.port })
  raw.write(get('/chat', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'))
  const [request, socket] = await handshake
  t.equal(request.url, '/chat')
  socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  t.match((await raw.ended).text, /^HTTP\/1.1 400/)

  const bad = await Raw.open(t, { port: site.port })
  bad.write('HELLO\r\n\r\n')
  t.match((await bad.ended).text, /^HTTP\/1.1 400 Bad Request\r\n/, 'as Node answers when nobody listens')

  await runner.cleanup()
  await t.rejects(ask({ port: site.port }), { code: 'ECONNREFUSED' })
})

t.test('an app that nobody runs closes as ever, and one that listens itself may have a runner too', async t => {
  const { app, log } = createApp()
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const runner = await start(t, app)
  const site = await startSite(runner)

  t.equal(await ask({ port: Number(new URL(address).port) }), 'hello')
  t.equal(await ask({ port: site.port }), 'hello')
  await runner.cleanup()

  t.same(log, ['ready', 'close'])
  await t.rejects(once(connect(Number(new URL(address).port), '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' })
})
