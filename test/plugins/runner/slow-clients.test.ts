/** Clients that send slowly, or do not read. */

import { connect } from 'node:net'
import t from 'tap'
import { TCPSite, UnixSite } from '../../../plugins/runner/index.ts'
import { makeCertificate } from '../../certificate.ts'
import { shortFolder } from '../../helper.ts'
import { get, Raw } from '../../raw.ts'
import { createApp, crowd, deaf, emptied, halfBody, halfHead, large, start } from './hardening-helper.ts'

t.test('slow heads, slow bodies and silent connections are answered with 408 at the limits', async t => {
  const { port, runner } = await start(t, createApp(), { headersTimeout: 300, requestTimeout: 600 })
  const begin = performance.now()

  const heads = await crowd(t, port, 100, halfHead)
  const bodies = await crowd(t, port, 100, halfBody)
  const silent = await crowd(t, port, 100, '')
  const drip = setInterval(() => { for (const raw of [...heads, ...bodies]) raw.socket.writable && raw.write('a') }, 200)
  t.teardown(() => clearInterval(drip))
  const probe = await Raw.open(t, { port })
  const asked = performance.now()
  probe.write(get('/'))
  await probe.until(/hello$/)

  t.ok(performance.now() - asked < 500, 'others are served meanwhile')
  probe.socket.destroy()
  for (const raw of [...heads, ...bodies, ...silent]) {
    const { text } = await raw.ended
    if (!/^HTTP\/1\.1 408 /.test(text)) t.fail(`not 408: ${text}`)
  }
  t.ok(performance.now() - begin < 3000, 'all gone at the limits')
  await emptied(runner)
})

t.test('the limits of time hold while a runner drains', async t => {
  const limits = { headersTimeout: 300, requestTimeout: 300 }
  const { port, runner } = await start(t, createApp(), limits, { shutdownTimeout: 20_000 })
  const heads = await crowd(t, port, 5, halfHead)
  const bodies = await crowd(t, port, 5, halfBody)
  while (runner.inspect().connections.counts.reading !== 5 || runner.inspect().connections.counts.busy !== 5) {
    await new Promise(resolve => setImmediate(resolve))
  }
  const begin = performance.now()

  await runner.cleanup()

  t.ok(performance.now() - begin < 5000)
  for (const raw of [...heads, ...bodies]) t.match((await raw.ended).text, /^HTTP\/1\.1 408 /)
})

t.test('clients that do not read are cut, and fill no memory meanwhile', { timeout: 60_000 }, async t => {
  const { port, runner } = await start(t, createApp(), { sendTimeout: 600 })
  const before = process.memoryUsage().rss
  await Promise.all(Array.from({ length: 50 }, () => deaf(t, { port }, get('/large'))))
  await Promise.all(Array.from({ length: 50 }, () => deaf(t, { port }, get('/stream'))))
  while (runner.connections.accepted < 100) await new Promise(resolve => setImmediate(resolve))

  const probe = await Raw.open(t, { port })
  const asked = performance.now()
  probe.write(get('/'))
  await probe.until(/hello$/)
  t.ok(performance.now() - asked < 1000, 'others are served meanwhile')
  t.ok(process.memoryUsage().rss - before < 150 * 2 ** 20, 'bounded memory')
  probe.socket.destroy()

  const begin = performance.now()
  await emptied(runner)
  t.ok(performance.now() - begin < 3000, 'all gone at the limit')
})

t.test('clients that do not read are cut over TLS, on Unix sockets and while a runner drains', async t => {
  const { runner, port } = await start(t, createApp(), { sendTimeout: 300 }, { shutdownTimeout: 20_000 })
  const folder = shortFolder(t)
  const path = `${folder}/s`
  const secure = new TCPSite(runner, { host: '127.0.0.1', port: 0, tls: makeCertificate(folder) })
  await Promise.all([secure.start(), new UnixSite(runner, path).start()])
  const raw = await Raw.open(t, { port: secure.port ?? 0, tls: true })
  raw.write(get('/large'))
  await raw.until(/xxx/)
  raw.socket.pause()
  await deaf(t, { path }, get('/large'))
  await deaf(t, { port }, get('/large'))
  const begin = performance.now()

  await emptied(runner)
  t.ok(performance.now() - begin < 3000)

  await deaf(t, { port }, get('/large'))
  const again = performance.now()
  while (runner.connections.size === 0) await new Promise(resolve => setImmediate(resolve))
  await runner.cleanup()
  t.ok(performance.now() - again < 5000, 'also while it drains')
})

t.test('a client that reads slowly but does read is left alone', async t => {
  const { port } = await start(t, createApp(), { sendTimeout: 800 })
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = 0
  const done = new Promise<void>((resolve, reject) => {
    socket.on('data', (piece: Buffer) => {
      received += piece.length
      if (received > large.length) resolve()
      if (received > large.length) return
      socket.pause()
      setTimeout(() => socket.resume(), 5)
    })
    socket.on('close', () => reject(new Error(`cut after ${received} bytes`)))
  })
  const begin = performance.now()
  socket.write(get('/large'))

  await t.resolves(done)
  t.ok(performance.now() - begin > 800, 'it took longer than the limit')
})
