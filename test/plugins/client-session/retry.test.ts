import t from 'tap'
import { openSession, serve } from './helper.ts'

t.test('statuses that pass are tried again, with the pause the server asks for', async t => {
  let calls = 0
  const origin = await serve(t, (_req, res) => {
    calls++
    if (calls === 1) res.writeHead(503, { 'retry-after': '0' }).end('busy')
    else if (calls === 2) res.writeHead(429, { 'retry-after': new Date(0).toUTCString() }).end('slow down')
    else res.end('there')
  })
  const session = openSession(t, { retry: { minDelay: 1 } })

  t.equal(await (await session.get(origin)).text(), 'there')
  t.equal(calls, 3)
})

t.test('the last response is returned when the tries are used up', async t => {
  let calls = 0
  const origin = await serve(t, (_req, res) => res.writeHead(503).end(String(++calls)))
  const session = openSession(t, { retry: { limit: 1, minDelay: 1, jitter: false } })

  const response = await session.get(origin)
  t.equal(response.status, 503)
  t.equal(await response.text(), '2')
})

t.test('a pause that is too long, and a method that is not safe, are not tried again', async t => {
  let calls = 0
  const origin = await serve(t, (req, res) => {
    calls++
    req.resume()
    res.writeHead(503, { 'retry-after': '3600' }).end()
  })
  const session = openSession(t, { retry: { maxRetryAfter: 10 } })

  t.equal((await session.get(origin)).status, 503)
  t.equal((await session.post(origin, { data: 'x' })).status, 503)
  t.equal(calls, 2)
})

t.test('a connection that cannot be opened is tried again for every method: nothing was sent', async t => {
  const creates: number[] = []
  const session = openSession(t, {
    retry: { limit: 2, minDelay: 1 }, traceConfigs: [{ onConnectionCreateStart: () => { creates.push(1) } }]
  })

  await t.rejects(session.post('http://127.0.0.1:1/', { data: 'x' }), { name: 'ClientConnectorError' })
  t.equal(creates.length, 3)
})

t.test('the budget keeps a session from multiplying the requests of a server in trouble', async t => {
  let calls = 0
  const origin = await serve(t, (_req, res) => {
    calls++
    res.writeHead(503).end()
  })
  const session = openSession(t, { retry: { limit: 3, minDelay: 0, budget: 0.1 } })

  for (let n = 0; n < 40; n++) await (await session.get(origin)).read()
  t.ok(calls <= 40 + 10 + 4, `${calls} calls`)
})

t.test('retries end with the request: a total limit covers the pauses', async t => {
  const origin = await serve(t, (_req, res) => res.writeHead(503, { 'retry-after': '30' }).end())
  const session = openSession(t, { retry: {} })

  await t.rejects(session.get(origin, { timeout: 50 }), { name: 'TimeoutError' })
})
