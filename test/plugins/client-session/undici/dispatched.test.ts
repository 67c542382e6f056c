import t from 'tap'
import { MockAgent } from 'undici'
import {
  ClientSession, Fingerprint, TcpConnector, type RequestOptions, type SessionOptions
} from '../../../../plugins/client-session/index.ts'
import { openSession } from '../helper.ts'

t.test('requests go through a dispatcher of undici, such as its mocks', async t => {
  const dispatcher = new MockAgent()
  dispatcher.disableNetConnect()
  t.teardown(() => dispatcher.close())
  const pool = dispatcher.get('http://api.test')
  pool.intercept({ path: '/from', method: 'GET' }).reply(302, '', { headers: { location: '/to', 'set-cookie': 'a=1' } })
  pool.intercept({ path: '/to', method: 'GET', headers: { cookie: 'a=1' } })
    .reply(200, { ok: true }, { headers: { 'content-type': 'application/json' } })
  pool.intercept({ path: '/broken', method: 'POST', body: '{"a":1}' }).replyWithError(
    Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
  const session = openSession(t, { dispatcher })

  const response = await session.get('http://api.test/from')
  t.same(await response.json(), { ok: true })
  t.equal(response.history.length, 1)
  await t.rejects(session.post('http://api.test/broken', { json: { a: 1 } }), { name: 'ClientOSError', code: 'ECONNRESET' })
  await t.rejects(session.get('http://api.test/unknown'), { name: 'ClientConnectionError', message: /\/unknown/ })
})

t.test('what a dispatcher cannot do is refused', async t => {
  const session = openSession(t, { dispatcher: new MockAgent() })
  const refused: RequestOptions[] = [
    { expect100: true },
    { proxy: 'http://127.0.0.1:1' },
    { readUntilEof: false },
    { chunked: true },
    { maxHeaders: 1 },
    { maxFieldSize: 1 },
    { maxLineSize: 1 },
    { ssl: false },
    { serverHostname: 'other.test' },
    { timeout: { connect: 1 } },
    { timeout: { socketConnect: 1 } },
    { timeout: { idle: 1 } },
    { timeout: { write: 1 } },
    { headers: { Expect: '100-continue' } },
    { headers: { Connection: 'close' } }
  ]
  for (const options of refused) {
    await t.rejects(session.get('http://api.test/', options), { code: 'AIO_ERR_CLIENT_CONFLICT' }, JSON.stringify(options))
  }
})

t.test('what a dispatcher cannot do is refused where a session has it', async t => {
  const dispatcher = new MockAgent()
  const sessions: SessionOptions[] = [
    { timeout: { socketConnect: 1 } }, { version: '1.0' }, { proxy: 'http://127.0.0.1:1' }, { maxHeaders: 1 }
  ]
  for (const options of sessions) {
    const session = openSession(t, { ...options, dispatcher })
    await t.rejects(session.get('http://api.test/'), { code: 'AIO_ERR_CLIENT_CONFLICT' }, JSON.stringify(options))
  }
})

t.test('a proxy of the environment is not passed over in silence', async t => {
  t.intercept(process, 'env', { value: { ...process.env, http_proxy: 'http://127.0.0.1:1', no_proxy: 'near.test' } })
  const dispatcher = new MockAgent()
  dispatcher.get('http://near.test').intercept({ path: '/', method: 'GET' }).reply(200, 'near')
  const session = openSession(t, { dispatcher, trustEnv: true })

  await t.rejects(session.get('http://far.test/'), { code: 'AIO_ERR_CLIENT_CONFLICT', message: /environment/ })
  t.equal(await (await session.get('http://near.test/')).text(), 'near')
})

t.test('a session has one way to the servers', async t => {
  const dispatcher = new MockAgent()
  const connector = new TcpConnector({ limit: 1 })
  const code = 'AIO_ERR_CLIENT_CONFLICT'

  t.throws(() => new ClientSession({ dispatcher, http2: true }), { code })
  t.throws(() => new ClientSession({ dispatcher, connector }), { code })
  t.throws(() => new ClientSession({ http2: true, connector }), { code })
  t.doesNotThrow(() => openSession(t).child({ dispatcher }), 'a child has the connector of its parent')
})

t.test('HTTP/2 knows no fingerprints', async t => {
  const session = openSession(t, { http2: true })
  await t.rejects(session.get('https://127.0.0.1:1/', { ssl: new Fingerprint(Buffer.alloc(32)) }), { code: 'AIO_ERR_CLIENT_CONFLICT' })
})

t.test('a body from a dispatcher is no larger than maxBodySize', async t => {
  const dispatcher = new MockAgent()
  dispatcher.get('http://api.test').intercept({ path: '/', method: 'GET' }).reply(200, 'x'.repeat(1001))
  const session = openSession(t, { dispatcher, maxBodySize: 1000 })
  const response = await session.get('http://api.test/')
  await t.rejects(response.read(), { name: 'ClientPayloadError', message: /1000 bytes of maxBodySize/ })
})
