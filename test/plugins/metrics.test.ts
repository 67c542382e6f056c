import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import bundle from '../../app.ts'
import metrics, { type MetricsOptions } from '../../plugins/metrics/index.ts'
import { AppRunner, TCPSite } from '../../plugins/runner/index.ts'
import { build } from '../helper.ts'

async function start (t: Test, options: MetricsOptions = {}) {
  const app = build(t)
  await app.register(bundle)
  await app.register(metrics, options)
  app.get('/users/:id', async () => 'user')
  app.get('/quiet', { config: { metrics: false } }, async () => 'quiet')
  app.websocket('/chat', async ws => { await ws.receive() })
  return app
}

/** The values of one metric: its labels as text, and a number. */
async function read (app: Awaited<ReturnType<typeof start>>, name: string): Promise<Record<string, number>> {
  const { body } = await app.inject('/metrics')
  const lines = body.split('\n').filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return Object.fromEntries(lines.map(line => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
}

t.test('requests are counted by method, route and status, never by path', async t => {
  const app = await start(t)
  for (const id of [1, 2, 3]) await app.inject(`/users/${id}`)
  await app.inject('/nowhere/1')
  await app.inject({ method: 'POST', url: '/users/1' })
  await app.inject('/quiet')

  t.same(await read(app, 'app_http_request_duration_seconds_count'), {
    '{method="GET",route="/users/:id",status="200"}': 3,
    '{method="GET",route="none",status="404"}': 1,
    '{method="POST",route="none",status="405"}': 1
  })
})

t.test('the answer is what Prometheus reads, and is not kept by anybody', async t => {
  const app = await start(t)
  const { body, headers } = await app.inject('/metrics')
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
  t.equal(headers['cache-control'], 'no-store')
  t.match(body, /^# HELP app_process_cpu_seconds_total/m)
  t.match(body, /^app_ready 1$/m)
})

t.test('websockets, jobs, connections and the phase are what they are when somebody asks', async t => {
  const app = await start(t)
  const runner = new AppRunner(app)
  await runner.setup()
  t.teardown(() => runner.cleanup())
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const clients = [1, 2].map(() => new WebSocket(`ws://127.0.0.1:${site.port}/chat`))
  await Promise.all(clients.map(client => once(client, 'open')))
  await app.jobs.spawn(signal => once(signal, 'abort'), { name: 'long' })

  t.same(await read(app, 'app_websockets'), { '{route="/chat"}': 2 })
  t.same(await read(app, 'app_websockets_opened_total'), { '': 2 })
  t.same(await read(app, 'app_jobs'), { '{state="active"}': 1, '{state="pending"}': 0 })
  t.same(await read(app, 'app_connections'), { '{state="upgraded"}': 2 })
  t.same(await read(app, 'app_generation'), { '': 1 })

  for (const client of clients) client.close()
  await Promise.all(clients.map(client => once(client, 'close')))
  t.same(await read(app, 'app_websockets_opened_total'), { '': 2 })
  await app.jobs.close()
})

t.test('metrics of one\'s own are in the same place', async t => {
  const app = await start(t, { process: false, requests: false, namespace: 'shop', path: '/internal/metrics' })
  const { Counter } = await import('prom-client')
  new Counter({ name: 'shop_teas_total', help: 'Teas sold', registers: [app.metrics] }).inc(3)

  const { body } = await app.inject('/internal/metrics')
  t.match(body, /^shop_teas_total 3$/m)
  t.notMatch(body, /process_cpu|http_request/)
  t.equal((await app.inject('/metrics')).statusCode, 404)
})

t.test('two apps of one process do not share anything', async t => {
  const [one, two] = [await start(t), await start(t)]
  await one.inject('/users/1')
  await two.ready()
  t.same(await read(two, 'app_http_request_duration_seconds_count'), {})
})

t.test('wrong options are coded errors', async t => {
  for (const options of [{ path: 'metrics' }, { buckets: [2, 1] }, { namespace: '1-' }, { requests: 'yes' }]) {
    const app = build(t)
    await app.register(bundle)
    await t.rejects(async () => { await app.register(metrics, options as never) }, { code: 'AIO_ERR_OPTION_INVALID' })
  }
})

t.test('OpenTelemetry sees requests by itself', async t => {
  const { FastifyOtelInstrumentation: FastifyOtel } = await import('@fastify/otel')
  const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = await import('@opentelemetry/sdk-trace-node')
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  t.teardown(() => provider.shutdown())
  const otel = new FastifyOtel()
  otel.setTracerProvider(provider)
  const app = build(t)
  await app.register(otel.plugin())
  await app.register(bundle)
  app.get('/users/:id', async () => 'user')

  await app.inject('/users/1')

  const spans = exporter.getFinishedSpans()
  t.ok(spans.length >= 2, 'the request and its handler')
  t.ok(spans.some(({ attributes }) => attributes['http.route'] === '/users/:id'))
})
