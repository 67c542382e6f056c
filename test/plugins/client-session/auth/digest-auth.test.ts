import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { digestChallenge } from '../../../../plugins/client-session/auth/digest-challenge.ts'
import { ClientSession, digestAuth } from '../../../../plugins/client-session/index.ts'

t.test('digestChallenge() takes the first challenge it can answer', async t => {
  t.match(digestChallenge(['Basic realm="b"', 'Basic realm="x", Digest realm="a \\"q\\"", nonce=n, qop="auth, auth-int", opaque="o", domain="/a /b"']),
    { realm: 'a "q"', nonce: 'n', qop: ['auth', 'auth-int'], opaque: 'o', domain: ['/a', '/b'], hash: 'md5', algorithm: 'MD5', session: false })
  t.match(digestChallenge(['Digest realm="r", nonce="1", algorithm=WHIRLPOOL, Digest realm="r", nonce="2", algorithm=SHA-256-sess']),
    { nonce: '2', hash: 'sha256', session: true, algorithm: 'SHA-256-sess', qop: [] })
  t.match(digestChallenge(['Digest realm="r", nonce="1", algorithm=SHA-512-256']), { hash: 'sha512-256' })
  t.match(digestChallenge(['digest REALM="one", nonce="n1", qop="auth", Basic realm="two"']), { realm: 'one' })
  for (const header of ['', 'Digest', 'Digest ,,,', 'Basic realm="r"', 'Bearer']) t.equal(digestChallenge([header]), undefined, header)
  for (const header of ['Digest nonce="n"', 'Digest realm="r"', 'Digest realm="r", nonce=""', 'Digest realm="r", nonce="n", qop="other"',
    'Digest realm="r", nonce="n", algorithm=X', 'Digest realm="r", nonce="n", algorithm=constructor']) {
    t.throws(() => digestChallenge([header]), { name: 'ClientError' }, header)
  }
})

t.test('digestAuth() answers as RFC 7616, section 3.9.1 does', async t => {
  const seen: string[] = []
  const origin = await serve(t, (request, response) => {
    seen.push(request.headers.authorization ?? 'none')
    if (request.headers.authorization === undefined) {
      response.writeHead(401, {
        'www-authenticate': 'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, ' +
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
      })
    }
    response.end('in')
  })
  const session = open(t, { login: 'Mufasa', password: 'Circle of Life' })
  t.equal((await session.get(`${origin}/dir/index.html`)).status, 200)

  const fields = fieldsOf(seen[1])
  const hash = (value: string) => createHash('sha256').update(value).digest('hex')
  const secret = hash('Mufasa:http-auth@example.org:Circle of Life')
  t.match(fields, { username: 'Mufasa', uri: '/dir/index.html', qop: 'auth-int', nc: '00000001', algorithm: 'SHA-256', opaque: /^FQhe/ })
  t.equal(fields.response, hash(`${secret}:${fields.nonce}:00000001:${fields.cnonce}:auth-int:${hash(`GET:/dir/index.html:${hash('')}`)}`))
})

t.test('a body that can be read once is not used up', async t => {
  const bodies: string[] = []
  const origin = await serve(t, async (request, response) => {
    const body = await text(request)
    bodies.push(`${body} ${fieldsOf(request.headers.authorization).qop}`)
    const known = request.headers.authorization !== undefined
    response.writeHead(known ? 200 : 401, known ? {} : { 'www-authenticate': `Digest realm="r", nonce="n", qop="${request.url?.slice(1)}"` }).end()
  })
  async function * once () { yield 'once' }

  const both = open(t, { login: 'u', password: 'p' })
  t.equal((await both.post(`${origin}/auth-int,auth`, { data: once() })).status, 401, 'it cannot be sent again')
  t.equal((await both.get(`${origin}/auth-int,auth`)).status, 200)
  t.equal((await both.post(`${origin}/auth-int,auth`, { data: once() })).status, 200, 'once the challenge is known it can')
  t.same(bodies, ['once undefined', ' auth-int', 'once auth'])

  const strict = open(t, { login: 'u', password: 'p' })
  await strict.get(`${origin}/auth-int`)
  bodies.length = 0
  t.equal((await strict.post(`${origin}/auth-int`, { data: once() })).status, 401)
  t.same(bodies, ['once undefined'])
})

t.test('digestAuth() checks what it is given', async t => {
  t.throws(() => digestAuth({ login: 'a:b', password: 'x' }), { code: 'AIO_ERR_OPTION_INVALID' })
  // @ts-expect-error no password
  t.throws(() => digestAuth({ login: 'a' }), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  // @ts-expect-error a misspelt option
  t.throws(() => digestAuth({ login: 'a', password: 'b', user: 'c' }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})

function open (t: Test, credentials: { login: string, password: string }): ClientSession {
  const session = new ClientSession({ middlewares: [digestAuth(credentials)] })
  t.teardown(async () => await session.close())
  return session
}

async function serve (t: Test, listener: RequestListener<typeof IncomingMessage>): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.teardown(() => { server.close().closeAllConnections() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function fieldsOf (header = ''): Record<string, string> {
  return Object.fromEntries(Array.from(header.matchAll(/(\w+)=(?:"([^"]*)"|([^,\s]+))/g), ([, name, quoted, plain]) => [name, quoted ?? plain]))
}
