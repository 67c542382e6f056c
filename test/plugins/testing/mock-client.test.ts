import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { ClientConnectorError, ClientResponseError, ClientSession, TimeoutError } from '../../../plugins/client-session/index.ts'
import { mockClient, type MockClient } from '../../../plugins/testing/index.ts'

function open (t: Test, mock: MockClient, options: { raiseForStatus?: boolean } = {}): ClientSession {
  const session = new ClientSession({ ...options, middlewares: [mock.middleware] })
  t.teardown(() => session.close())
  return session
}

t.test('a reply says what it was told, once', async t => {
  const mock = mockClient().get('https://api.test/users', { status: 201, reason: 'Fresh', headers: { 'X-A': '1' }, json: [1] })
  const session = open(t, mock)

  const response = await session.get('https://api.test/users')

  t.equal(response.status, 201)
  t.equal(response.reason, 'Fresh')
  t.equal(response.headers.get('x-a'), '1')
  t.same(await response.json(), [1])
  await t.rejects(session.get('https://api.test/users'), { code: 'AIO_ERR_MOCK_UNEXPECTED' })
})

t.test('an unexpected request says what is expected', async t => {
  const mock = mockClient().get('https://api.test/a').post(/^https:\/\/api\.test\/b/, { repeat: Infinity })
  const session = open(t, mock)

  await t.rejects(session.get('https://api.test/other'), {
    message: 'Unexpected request GET https://api.test/other: expected are\n' +
      '  GET https://api.test/a (0 of 1)\n  POST /^https:\\/\\/api\\.test\\/b/ (0 of any number)'
  })
  t.throws(() => mock.assertDone(), { code: 'AIO_ERR_MOCK_UNUSED', message: /unexpected GET https:\/\/api.test\/other/ })
  await t.rejects(open(t, mockClient()).get('https://api.test/'), { message: /none is expected/ })
})

t.test('the query counts, its order does not', async t => {
  const mock = mockClient()
    .get('https://api.test/?b=2&a=1', { body: 'both' })
    .get('https://api.test/', { query: { page: 2, tag: ['x', 'y'] }, body: 'listed' })
  const session = open(t, mock)

  t.equal(await (await session.get('https://api.test/', { params: { a: '1', b: '2' } })).text(), 'both')
  t.equal(await (await session.get('https://api.test/?tag=x&tag=y&page=2')).text(), 'listed')
  await t.rejects(session.get('https://api.test/'))
})

t.test('repeat counts, the next expectation follows', async t => {
  const mock = mockClient()
    .get('https://api.test/', { body: 'first', repeat: 2 })
    .get('https://api.test/', { body: 'then', repeat: Infinity })
  const session = open(t, mock)
  const bodies = []

  for (let n = 0; n < 4; n++) bodies.push(await (await session.get('https://api.test/')).text())

  t.same(bodies, ['first', 'first', 'then', 'then'])
  mock.assertDone()
})

t.test('assertDone() names what did not come', async t => {
  const mock = mockClient().get('https://api.test/a').get('https://api.test/b', { repeat: 2 })
  const session = open(t, mock)
  await session.get('https://api.test/b')

  t.throws(() => mock.assertDone(), {
    message: 'Not as expected: missing GET https://api.test/a (0 of 1), missing GET https://api.test/b (1 of 2)'
  })
  mock.clear()
  mock.assertDone()
})

t.test('a callback sees the request with its body and makes the reply', async t => {
  const mock = mockClient().post('https://api.test/echo', {
    callback: async ({ headers, body }) => ({ status: 202, headers: { 'X-Type': headers.get('content-type')! }, body })
  })
  const session = open(t, mock)

  const response = await session.post('https://api.test/echo', { json: { a: 1 } })

  t.equal(response.status, 202)
  t.equal(response.headers.get('x-type'), 'application/json')
  t.same(JSON.parse(await response.text()), { a: 1 })
  t.same(mock.requests.map(({ method, url, body }) => [method, url, String(body)]),
    [['POST', 'https://api.test/echo', '{"a":1}']])
})

t.test('redirects, cookies and raiseForStatus work as with a server', async t => {
  const mock = mockClient()
    .get('https://api.test/from', { status: 302, headers: { location: '/to', 'set-cookie': 'a=1' } })
    .get('https://api.test/to', { status: 404 })
  const session = open(t, mock, { raiseForStatus: true })

  await t.rejects(session.get('https://api.test/from'), ClientResponseError)

  t.equal(mock.requests[1]?.headers.get('cookie'), 'a=1')
  mock.assertDone()
})

t.test('exceptions are thrown as they are, delays end with the limit of the request', async t => {
  const failure = new ClientConnectorError({ host: 'api.test', port: 443, ssl: true }, new Error('refused'))
  const mock = mockClient().get('https://api.test/down', { exception: failure }).get('https://api.test/slow', { delay: 200 })
  const session = open(t, mock)

  await t.rejects(session.get('https://api.test/down'), failure)
  await t.rejects(session.get('https://api.test/slow', { timeout: 20 }), TimeoutError)
})

t.test('hosts can be let through', async t => {
  const server = createServer((_request, response) => response.end('real')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const mock = mockClient().passthrough('127.0.0.1')

  const response = await open(t, mock).get(`http://127.0.0.1:${port}/x`)

  t.equal(await response.text(), 'real')
  t.equal(mock.requests.length, 1)
  mock.assertDone()
})

t.test('wrong expectations are errors', async t => {
  const mock = mockClient()

  t.throws(() => mock.get('/relative'), TypeError)
  t.throws(() => mock.get('https://api.test/', { repeat: 0 }), { code: 'AIO_ERR_OPTION_INVALID' })
  // @ts-expect-error: there is no such option
  t.throws(() => mock.get('https://api.test/', { stauts: 200 }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})
