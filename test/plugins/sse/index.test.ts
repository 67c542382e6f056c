import { once } from 'node:events'
import { existsSync } from 'node:fs'
import http from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import t, { type Test } from 'tap'
import bundle from '../../../app.ts'
import { AppRunner, TCPSite } from '../../../plugins/runner/index.ts'
import { get } from '../../../plugins/routes/index.ts'
import { EventSourceResponse, type ServerSentEvent } from '../../../plugins/sse/index.ts'
import { build } from '../../helper.ts'

async function listen (t: Test, prepare: (app: ReturnType<typeof build>) => void) {
  const app = build(t)
  await app.register(bundle)
  prepare(app)
  return { app, url: await app.listen({ port: 0, host: '127.0.0.1' }) }
}

/** Everything a client reads until the stream ends, or `enough` of it. */
async function read (response: Response, enough = (_text: string) => false): Promise<string> {
  let text = ''
  if (response.body === null) return text
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (enough(text)) break
  }
  return text
}

t.test('what a generator yields arrives as events', async t => {
  const { url } = await listen(t, app => {
    app.get('/', app.sse(async function * () {
      yield 'hello'
      yield { event: 'price', id: 2, data: { tea: 3 } }
    }, { retry: 100 }))
  })

  const response = await fetch(url)

  t.equal(response.headers.get('content-type'), 'text/event-stream')
  t.equal(response.headers.get('cache-control'), 'no-cache')
  t.equal(response.headers.get('x-accel-buffering'), 'no')
  t.equal(await read(response),
    'retry: 100\r\n\r\ndata: hello\r\n\r\nid: 2\r\nevent: price\r\ndata: {"tea":3}\r\n\r\n')
})

t.test('a route of addRoutes() takes the same handler', async t => {
  const { url } = await listen(t, app => {
    app.addRoutes([get('/', app.sse(() => ['one', 'two'], { separator: '\n' }))])
  })
  t.equal(await read(await fetch(url)), 'data: one\n\ndata: two\n\n')
})

t.test('a handler may write to the response by itself', async t => {
  const { url } = await listen(t, app => {
    app.get('/', async (request, reply) => {
      const stream = new EventSourceResponse({ headers: { 'X-Shop': 'tea' } })
      await t.rejects(stream.wait(), { code: 'AIO_ERR_RESPONSE_STATE' })
      await stream.prepare(request, reply)
      await stream.send('hello', { id: stream.lastEventId + 1 })
      t.equal(stream.connected, true)
      stream.stopStreaming()
      await stream.wait()
      t.equal(stream.connected, false)
      await t.rejects(stream.send('more'), { code: 'AIO_ERR_RESPONSE_STATE' })
      return reply
    })
  })
  const response = await fetch(url, { headers: { 'Last-Event-ID': '4' } })
  t.equal(response.headers.get('x-shop'), 'tea')
  t.equal(await read(response), 'id: 41\r\ndata: hello\r\n\r\n')
})

t.test('the source knows where the client left off', async t => {
  const { url } = await listen(t, app => {
    app.get('/', app.sse(async function * (_request, { lastEventId }) { yield `after ${lastEventId}` }))
  })
  t.match(await read(await fetch(url, { headers: { 'Last-Event-ID': '41' } })), 'data: after 41')
})

t.test('a client that leaves ends its source', async t => {
  let ended = () => {}
  const end = new Promise<void>(resolve => { ended = resolve })
  const { app, url } = await listen(t, app => {
    app.get('/', app.sse(async function * () {
      try {
        for (;;) {
          yield 'tick'
          await nextTurn()
        }
      } finally {
        ended()
      }
    }))
  })
  // Not fetch(), which opens another connection when its own is cut: app.close() waits for that one.
  const client = http.get(url)
  const [response] = await once(client, 'response')
  await once(response, 'data')
  client.destroy()
  await end
  t.equal(app.eventSources.size, 0)
})

t.test('a comment is sent now and then', async t => {
  const { url } = await listen(t, app => {
    app.get('/', app.sse(async function * (_request, { signal }) {
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      yield 'never'
    }, { pingInterval: 5 }))
  })
  t.match(await read(await fetch(url), text => text.length > 20), /^: ping\r\n\r\n: ping\r\n\r\n/)
})

t.test('a source that fails ends its stream, is logged, and the server goes on', async t => {
  const { app, url } = await listen(t, app => {
    app.get('/', app.sse(async function * (): AsyncGenerator<ServerSentEvent> {
      yield { data: 'one' }
      throw new Error('no more prices')
    }))
    app.get('/wrong', app.sse(() => 5 as never))
  })
  t.equal(await read(await fetch(url)), 'data: one\r\n\r\n')
  t.equal((await fetch(`${url}/wrong`)).status, 500)
  t.equal((await app.inject({ method: 'HEAD', url: '/' })).headers['content-type'], 'text/event-stream')
})

t.test('when the app stops every stream ends with a time to come back', async t => {
  const app = build(t)
  await app.register(bundle)
  app.get('/', app.sse(async function * (_request, { signal }) {
    yield 'hello'
    await new Promise(resolve => signal.addEventListener('abort', resolve))
  }, { separator: '\n' }))
  const runner = new AppRunner(app, { shutdownTimeout: 60_000 })
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const clients = await Promise.all(Array.from({ length: 100 }, () => fetch(`http://127.0.0.1:${site.port}/`)))
  const texts = Promise.all(clients.map(client => read(client)))

  const begun = performance.now()
  await runner.cleanup()

  for (const text of await texts) t.match(text, /^data: hello\n\nretry: \d+\n\n$/)
  t.ok(performance.now() - begun < 30_000, 'nobody waited for the deadline')
})

t.test('wrong use is a coded error', async t => {
  const app = build(t)
  await app.register(bundle)
  t.throws(() => app.sse('clock' as never), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => app.sse(() => [], { ping: 1 } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  t.throws(() => new EventSourceResponse({ separator: ' ' } as never), { code: 'AIO_ERR_OPTION_INVALID' })
})

const executablePath = '/usr/bin/chromium'
const skip = existsSync(executablePath) ? false : `no browser at ${executablePath}`

t.test('a browser listens, and comes back with the last id', { skip }, async t => {
  const { url } = await listen(t, app => {
    app.get('/', async (_request, reply) => reply.type('text/html').send('<p>clock</p>'))
    app.get('/events', app.sse(async function * (_request, { lastEventId }) {
      yield { id: Number(lastEventId) + 1, event: 'tick', data: lastEventId, retry: 1 }
    }))
  })
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] })
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  await page.goto(url)

  const seen = await page.evaluate(`new Promise(resolve => {
    const seen = []
    const source = new EventSource('/events')
    source.addEventListener('tick', ({ data, lastEventId }) => {
      seen.push([data, lastEventId])
      if (seen.length === 3) { source.close(); resolve(seen) }
    })
  })`)

  t.same(seen, [['', '1'], ['1', '2'], ['2', '3']])
})
