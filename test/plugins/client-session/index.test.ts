import t from 'tap'
import clientSession from '../../../plugins/client-session/index.ts'
import signals from '../../../plugins/signals/index.ts'
import { build } from '../../helper.ts'
import { serve } from './helper.ts'

t.test('an app has a session, and each of its requests one of its own', async t => {
  const origin = await serve(t, (req, res) => res.end(String(req.headers['x-request-id'])))
  const app = build(t, { genReqId: () => 'the-id' })
  await app.register(signals)
  await app.register(clientSession, { baseUrl: `${origin}/` })
  app.get('/', async request => {
    t.equal(request.client, request.client)
    return await (await request.client.get('x')).text()
  })

  t.equal((await app.inject('/')).body, 'the-id')
  t.equal(app.client.connector?.stats.opened, 1)
  await app.close()
  t.ok(app.client.closed)
})

t.test('the session is closed when the last request has ended, not before', async t => {
  let answer = () => {}
  const asked = new Promise<void>(resolve => { answer = resolve })
  let release = () => {}
  const origin = await serve(t, (_req, res) => {
    release = () => res.end('late')
    answer()
  })
  const app = build(t)
  await app.register(signals)
  await app.register(clientSession)
  app.get('/', async request => await (await request.client.get(origin)).text())
  await app.ready()

  const response = app.inject('/')
  await asked
  const closed = app.close()
  release()
  t.equal((await response).body, 'late')
  await closed
  t.ok(app.client.closed)
})

t.test('misspelt options are refused', async t => {
  const app = build(t)
  await app.register(signals)
  await t.rejects(async () => await app.register(clientSession, { baseURL: 'http://x/' } as never),
    { code: 'AIO_ERR_OPTION_UNKNOWN' })
})
