import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { openSession, speak } from './helper.ts'

const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const stolen = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen'

t.test('what comes behind a response never answers the next request', async t => {
  const behind: Record<string, string> = {
    'a whole response': plain + stolen,
    'the beginning of one': `${plain}HTTP/1.1 200 OK\r\n`,
    'an empty line': `${plain}\r\n`,
    'behind the last chunk': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${stolen}`,
    'a body where there is none': `HTTP/1.1 204 No Content\r\n\r\n${stolen}`,
    'behind Not Modified': `HTTP/1.1 304 Not Modified\r\n\r\n${stolen}`
  }
  for (const [name, bytes] of Object.entries(behind)) {
    let answer = bytes
    const { origin, connections } = await speak(t, (_request, socket) => {
      socket.write(answer)
      answer = plain
    })
    const session = openSession(t)
    await (await session.get(origin)).read()
    t.equal(await (await session.get(origin)).text(), 'ok', name)
    t.equal(connections(), 2, 'over another connection')
  }
})

t.test('an answer that comes before its request is not taken for it', async t => {
  const sockets: Socket[] = []
  const { origin, connections } = await speak(t, (_request, socket) => {
    sockets.push(socket)
    socket.write(plain)
  })
  const session = openSession(t)
  await (await session.get(origin)).read()
  const [first] = sockets
  await new Promise(resolve => setTimeout(resolve, 20))
  // It is in the kernel's buffer when the next request takes the connection, and no event has told so.
  if (first !== undefined) await new Promise<void>(resolve => { first.write(stolen, () => { resolve() }) })
  t.equal(await (await session.post(origin, { data: 'once' })).text(), 'ok')
  t.equal(connections(), 2)
  t.equal(sockets.length, 2, 'and the request was sent once')
})

t.test('a head that leaves in doubt where the body ends is refused', async t => {
  const heads = [
    'Content-Length: 2\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nContent-Length: 2',
    'Content-Length: 2\r\nContent-Length: 3', 'Content-Length: 2\r\nContent-Length: 2', 'Content-Length: 2, 2',
    'Content-Length: 2 ,', 'Content-Length: 0x2', 'Content-Length: 2\0', 'Content-Length : 2', 'Content-Length: 2\r',
    'Transfer-Encoding: chunked, chunked', 'Transfer-Encoding:\x0bchunked', ' Content-Length: 2', 'X\0: 1', 'X: \x7f'
  ]
  let head = ''
  const { origin } = await speak(t, (_request, socket) => { socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\nok`, 'latin1') })
  const session = openSession(t)
  for (head of heads) {
    await t.rejects(session.get(origin), { name: 'ClientResponseError', status: 400 }, JSON.stringify(head))
    t.match(session.connector?.stats, { idle: 0, used: 0 })
  }
})

t.test('what may be taken in two ways is read, but the connection is not used again', async t => {
  const responses = [
    'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', 'HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  ]
  let response = ''
  const { origin } = await speak(t, (_request, socket) => { socket.write(response) })
  const session = openSession(t)
  for (response of responses) {
    t.equal(await (await session.get(origin)).text(), 'ok', JSON.stringify(response))
    t.match(session.connector?.stats, { idle: 0, used: 0 })
  }
})

t.test('floods end by themselves', async t => {
  const floods: Record<string, [first: string, then: string]> = {
    'headers without end': ['HTTP/1.1 200 OK\r\n', 'X-Flood: 1\r\n'],
    'one header without end': ['HTTP/1.1 200 OK\r\nX-Flood: ', 'x'],
    'a reason without end': ['HTTP/1.1 200 ', 'x'],
    'interim responses without end': ['', 'HTTP/1.1 102 Processing\r\n\r\n'],
    'trailers without end': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', 'X-Flood: 1\r\n'],
    'a chunk extension without end': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=', 'x']
  }
  for (const [name, [first, then]] of Object.entries(floods)) {
    const piece = then.repeat(Math.ceil(10_000 / then.length))
    const server = net.createServer(socket => {
      socket.on('error', () => {}).once('data', () => {
        const flood = () => { while (!socket.destroyed && socket.write(piece)); }
        socket.on('drain', flood).write(first)
        flood()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = openSession(t)
    const { port } = server.address() as AddressInfo
    await t.rejects(async () => (await session.get(`http://127.0.0.1:${port}/`)).read(),
      { name: /^Client(Response|Payload)Error$/ }, name)
    t.match(session.connector?.stats, { idle: 0, used: 0 })
    server.close()
  }
})
