/** What becomes of each kind of connection in a shutdown. */

import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import t from 'tap'
import WebSocket from 'ws'
import { TCPSite } from '../../../plugins/runner/index.ts'
import { get, Raw } from '../../raw.ts'
import { createApp, start, startSites } from './shutdown-helper.ts'

t.test('each kind of connection ends as promised, on all sites at once', async t => {
  const { app, arrived, open } = createApp()
  const { runner, warnings, enter } = await start(t, app)
  const targets = await startSites(t, runner)
  const notified = enter('drain')
  const checks: (() => Promise<void>)[] = []

  for (const [name, target] of Object.entries(targets)) {
    const raw = () => Raw.open(t, target)
    const silent = await raw()
    const idle = await raw()
    idle.write(get('/'))
    await idle.until(/hello$/)
    const late = await raw()
    late.write(get('/'))
    await late.until(/hello$/)
    const busy = await raw()
    busy.write(get(`/gate/${name.length}`))
    const never = await raw()
    never.write(get('/never'))
    const endless = await raw()
    endless.write(get('/endless'))
    await endless.until(/data: one/)
    const halfHead = await raw()
    halfHead.write('GET / HTTP/1.1\r\nHo')
    const halfHeadForEver = await raw()
    halfHeadForEver.write('GET / HTTP/1.1\r\nHo')
    const halfBody = await raw()
    const post = 'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nab'
    halfBody.write(post)
    const halfBodyForEver = await raw()
    halfBodyForEver.write(post)
    const pipelined = await raw()
    pipelined.write(get('/gate/pipelined').repeat(3))

    checks.push(async () => {
      late.write(get('/'))
      halfHead.write('st: x\r\n\r\n')
      halfBody.write('cd')
      const answer = (await late.ended).text.split('HTTP/1.1').at(-1)
      t.match(answer, /^ 200[^]*connection: close[^]*hello$/i, `${name}: a late request is served`)
      t.match((await halfHead.ended).text, /^HTTP\/1.1 200[^]*connection: close/i, `${name}: half a head, completed`)
      t.match((await halfBody.ended).text, /^HTTP\/1.1 200[^]*connection: close[^]*4 bytes$/i,
        `${name}: half a body, completed`)
      t.match((await busy.ended).text, /^HTTP\/1.1 200[^]*connection: close[^]*through the gate$/i,
        `${name}: a request in flight is answered`)
      const answers = (await pipelined.ended).text.split('HTTP/1.1').slice(1)
      t.same(answers.map(text => text.slice(1, 4)), ['200', '200', '200'], `${name}: a whole pipeline is answered`)
      t.same(answers.map(text => /connection: close/i.test(text)), [false, false, true],
        `${name}: only its last answer closes`)
      t.same(await idle.ended.then(({ by }) => by), 'end', `${name}: an idle connection gets a FIN`)
      t.same(await silent.ended, { text: '', by: 'end' }, `${name}: a silent connection gets a FIN`)
      t.match((await never.ended).text, /^HTTP\/1.1 503[^]*retry-after[^]*connection: close/i,
        `${name}: an unanswered request gets 503`)
      t.notMatch((await endless.ended).text, /\r\n0\r\n\r\n$/, `${name}: a cut stream does not look complete`)
      t.match((await halfHeadForEver.ended).text, /^HTTP\/1.1 408[^]*connection: close/i, `${name}: half a head is 408`)
      t.match((await halfBodyForEver.ended).text, /^HTTP\/1.1 503[^]*connection: close/i, `${name}: half a body is 503`)
    })
  }
  await new Promise(resolve => setImmediate(resolve))
  while (arrived.length < 16) await new Promise(resolve => setImmediate(resolve))

  const begin = performance.now()
  const closed = runner.cleanup()
  await notified
  const refused = await Promise.all(Object.entries(targets).map(([name, target]) =>
    Raw.open(t, target).then(() => `${name} accepted`, (error: NodeJS.ErrnoException) => error.code)))
  t.same(refused, ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'ENOENT'], 'new connections are refused')
  setImmediate(open)
  await Promise.all(checks.map(check => check()))
  await closed
  const took = performance.now() - begin

  t.ok(took < 2500, `took ${Math.round(took)} ms`)
  t.equal(arrived.filter(name => name === 'aborted').length, 4, 'request.signal aborted for each unanswered request')
  t.equal(warnings.length, 1)
  t.match(warnings[0], /12 requests, 4 half-sent requests still open after 1000 ms/)
  t.match(warnings[0], /request GET \/never from 127.0.0.1, for \d+ ms/)
  t.match(warnings[0], /request POST \/body from 127.0.0.1, its body half received, for \d+ ms/)
  t.match(warnings[0], /half-sent request from 127.0.0.1, for \d+ ms/)
})

t.test('a TLS socket that never says hello does not hold the shutdown up', async t => {
  const { app } = createApp()
  const { runner, warnings } = await start(t, app, { shutdownTimeout: 5000 })
  const { TLS } = await startSites(t, runner)
  const mute = await Raw.open(t, { port: (TLS as { port: number }).port })

  const begin = performance.now()
  await runner.cleanup()

  t.ok(performance.now() - begin < 1500)
  t.same(warnings, [])
  t.equal((await mute.ended).text, '')
})

t.test('large answers to slow readers arrive whole, or visibly cut at the deadline', async t => {
  const body = randomBytes(1024 * 1024)
  const sha = createHash('sha256').update(body).digest('hex')
  const variants = [{ shutdownTimeout: 10_000, complete: true }, { shutdownTimeout: 200, complete: false }]
  for (const { shutdownTimeout, complete } of variants) {
    const app = Fastify()
    const waiting = new Set<object>()
    let open = () => {}
    const gate = new Promise<void>(resolve => { open = resolve })
    app.get('/', () => Readable.from((async function * () {
      yield body.subarray(0, body.length / 2)
      waiting.add({})
      await gate
      yield body.subarray(body.length / 2)
    })()))
    const { runner } = await start(t, app, { shutdownTimeout })
    const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
    await site.start()
    const downloads = Array.from({ length: 100 }, async () => {
      const response = await fetch(`http://127.0.0.1:${site.port}/`)
      return createHash('sha256').update(new Uint8Array(await response.arrayBuffer())).digest('hex')
    })
    const results = Promise.allSettled(downloads)
    while (waiting.size < 100) await new Promise(resolve => setImmediate(resolve))

    const closed = runner.cleanup()
    if (complete) open()
    const seen = await results
    await closed
    open()

    t.equal(seen.filter(({ status }) => status === (complete ? 'fulfilled' : 'rejected')).length, 100)
    if (complete) t.ok(seen.every(result => result.status === 'fulfilled' && result.value === sha))
  }
})

t.test('websockets of a plain @fastify/websocket get 1001 on every site, and time to answer', async t => {
  const app = Fastify()
  await app.register(websocket)
  app.get('/echo', { websocket: true }, socket => { socket.on('message', data => socket.send(String(data))) })
  const { runner } = await start(t, app)
  const targets = await startSites(t, runner)
  const sockets = Object.values(targets).map(target => 'path' in target
    ? new WebSocket(`ws+unix:${target.path}:/echo`)
    : new WebSocket(`${target.tls === true ? 'wss' : 'ws'}://127.0.0.1:${target.port}/echo`, { rejectUnauthorized: false }))
  t.teardown(() => sockets.forEach(socket => socket.terminate()))
  const said = await Promise.all(sockets.map(socket => new Promise<string>((resolve, reject) => {
    socket.on('open', () => socket.send('hello'))
    socket.on('message', data => resolve(String(data)))
    socket.on('error', reject)
  })))
  const codes = Promise.all(sockets.map(socket => new Promise<number>(resolve => socket.on('close', resolve))))

  await runner.cleanup()

  t.same(said, ['hello', 'hello', 'hello', 'hello'])
  t.same(await codes, [1001, 1001, 1001, 1001])
})
