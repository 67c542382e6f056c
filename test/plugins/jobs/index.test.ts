import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import jobs, { type JobsOptions } from '../../../plugins/jobs/index.ts'
import signals from '../../../plugins/signals/index.ts'

async function build (t: Test, options: JobsOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(signals)
  await app.register(jobs, options)
  return app
}

t.test('a request leaves a job behind and is answered at once', async t => {
  const app = await build(t)
  let sent = ''
  app.post('/mail', async (request, reply) => {
    await request.server.jobs.spawn(async () => { await nextTurn(); sent = 'mail' }, { name: 'mail' })
    return reply.code(202).send()
  })

  t.equal((await app.inject({ method: 'POST', url: '/mail' })).statusCode, 202)
  await app.jobs.waitAndClose()
  t.equal(sent, 'mail')
})

t.test('app.close() waits for jobs before contexts are left', async t => {
  const app = await build(t)
  const seen: string[] = []
  app.cleanupContext(async function * database () {
    yield
    seen.push('database closed')
  })
  await app.ready()
  await app.jobs.spawn(async () => { await nextTurn(); await nextTurn(); seen.push('job done') })

  await app.close()

  t.same(seen, ['job done', 'database closed'])
})

t.test('a job that does not end is aborted when the patience is over', async t => {
  const app = await build(t, { waitTimeout: 5 })
  await app.ready()
  const job = await app.jobs.spawn(signal => once(signal, 'abort'))
  await app.close()
  t.equal(job.closed, true)
  await t.rejects(app.jobs.spawn(() => {}), { code: 'AIO_ERR_SCHEDULER_CLOSED' })
})

t.test('an atomic handler is a job, and its answer the handler\'s', async t => {
  const app = await build(t)
  app.get('/pay', app.atomic(async function pay (request) {
    return { names: [...app.jobs].map(job => job.name), query: request.query }
  }))
  app.get('/sent', app.atomic((request, reply) => reply.code(201).send('sent')))
  app.get('/fails', app.atomic(async () => { throw Object.assign(new Error('no'), { statusCode: 409 }) }))

  t.same((await app.inject('/pay?a=1')).json(), { names: ['pay'], query: { a: '1' } })
  t.match(await app.inject('/sent'), { statusCode: 201, body: 'sent' })
  t.equal((await app.inject('/fails')).statusCode, 409)
  t.equal(app.jobs.size, 0)
})

t.test('an atomic handler goes on when its client has gone, and the end of the app waits for it', async t => {
  const app = await build(t)
  const steps: string[] = []
  let goOn = () => {}
  const gone = new Promise<void>(resolve => { goOn = resolve })
  app.get('/pay', app.atomic(async () => {
    steps.push('begun')
    await gone
    steps.push('paid')
    return 'paid'
  }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const client = new AbortController()
  const request = fetch(`${url}/pay`, { signal: client.signal }).catch(() => steps.push('client gone'))
  while (steps.length === 0) await nextTurn()
  client.abort()
  await request

  const closed = app.close()
  goOn()
  await closed

  t.same(steps, ['begun', 'client gone', 'paid'])
})

t.test('errors of jobs are in the app\'s log, with the job\'s name', async t => {
  const lines: string[] = []
  const app = Fastify({ logger: { level: 'error', stream: { write: line => { lines.push(line) } } } })
  t.teardown(() => app.close())
  await app.register(signals)
  await app.register(jobs)
  const job = await app.jobs.spawn(() => { throw new Error('no paper') }, { name: 'print' })
  await job.ended
  await nextTurn()

  t.match(JSON.parse(lines[0] ?? '{}'), { job: 'print', msg: 'Job processing failed', err: { message: 'no paper' } })
})

t.test('wrong use is a coded error', async t => {
  const app = await build(t)
  t.throws(() => app.atomic('handler' as never), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  const other = Fastify()
  t.teardown(() => other.close())
  await other.register(signals)
  await t.rejects(async () => { await other.register(jobs, { limits: 3 } as never) }, { code: 'AIO_ERR_OPTION_UNKNOWN' })
})
