import net, { type AddressInfo, type Socket } from 'node:net'
import { setImmediate as nextRound } from 'node:timers/promises'
import t from 'tap'
import { ClientSession } from '../../../plugins/client-session/index.ts'

/** `FAULT_REQUESTS=10000` is the long run. */
const requests = Number(process.env.FAULT_REQUESTS ?? 600)
const seed = Number(process.env.FAULT_SEED ?? 6)
const limit = 2000

const good = [
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'
]

/** What a server does that is broken, and what that has to be told as. */
const faults: Record<string, { error: RegExp, lost?: true, act: (socket: Socket) => void }> = {
  reset: { error: /^(ClientOSError|ServerDisconnectedError)$/, lost: true, act: socket => { socket.resetAndDestroy() } },
  close: { error: /^ServerDisconnectedError$/, lost: true, act: socket => { socket.end() } },
  'close in the head': {
    error: /^(ClientOSError|ServerDisconnectedError)$/, lost: true, act: socket => { socket.end('HTTP/1.1 200 OK\r\nConte') }
  },
  stall: { error: /^TimeoutError$/, act: () => {} },
  'stall in the body': { error: /^TimeoutError$/, act: socket => { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf') } },
  truncate: { error: /^ClientPayloadError$/, act: socket => { socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf') } },
  'truncate chunks': {
    error: /^ClientPayloadError$/, act: socket => { socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n') }
  },
  'reset in the body': {
    error: /^ClientPayloadError$/,
    act: socket => {
      // Once the head has arrived: a reset takes away what has not been read.
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', () => setTimeout(() => socket.resetAndDestroy(), 20))
    }
  },
  rubbish: { error: /^ClientResponseError$/, act: socket => { socket.end('\x16\x03\x01 is this HTTP? \r\n\r\n') } },
  'two lengths': {
    error: /^ClientResponseError$/, act: socket => { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok') }
  },
  'a bad chunk': {
    error: /^ClientPayloadError$/, act: socket => { socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nok') }
  }
}
const kinds = Object.keys(faults)

/** A number below 2^32 that looks random, the same one for the same arguments. */
function numberFor (id: number, attempt: number): number {
  let mixed = Math.imul(seed ^ (id * 2 + attempt), 0x9e3779b1)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

/** What the server does with an attempt, `undefined` when it answers as it should: one in five is a fault. */
function faultOf (id: number, attempt: number): string | undefined {
  const number = numberFor(id, attempt)
  return number % 5 === 0 ? kinds[(number >>> 3) % kinds.length] : undefined
}

class BrokenServer {
  readonly sockets = new Set<Socket>()
  readonly attempts = new Map<number, number>()
  readonly #server = net.createServer(socket => { this.#serve(socket) })

  async start (): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  stop (): void {
    this.#server.close()
  }

  #serve (socket: Socket): void {
    this.sockets.add(socket)
    let seen = ''
    socket.on('error', () => {}).on('close', () => this.sockets.delete(socket))
    socket.on('data', data => {
      seen += data.toString('latin1')
      const end = seen.indexOf('\r\n\r\n')
      const body = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0)
      if (end === -1 || seen.length < end + 4 + body) return
      const id = Number(/^\w+ \/(\d+)/.exec(seen)?.[1])
      seen = ''
      const attempt = (this.attempts.get(id) ?? 0) + 1
      this.attempts.set(id, attempt)
      const fault = faultOf(id, attempt)
      if (fault === undefined) socket.write(good[id % good.length] ?? '')
      else faults[fault]?.act(socket)
    })
  }
}

function resources (): number {
  return process.getActiveResourcesInfo().filter(name => /^(TCPSocketWrap|Timeout|Immediate)$/.test(name)).length
}

t.test(`${requests} requests to a server that is broken one time in five all end as they have to`, async t => {
  const server = new BrokenServer()
  const origin = await server.start()
  const before = resources()
  const session = new ClientSession({ timeout: { total: limit } })
  const outcomes: Record<string, number> = {}
  let next = 0

  async function one (id: number): Promise<void> {
    const method = id % 2 === 0 ? 'GET' : 'POST'
    let fault = faultOf(id, 1)
    if (method === 'GET' && fault !== undefined && faults[fault]?.lost === true) fault = faultOf(id, 2)
    const begin = performance.now()
    let outcome = 'ok'
    try {
      const response = await session.request(method, `${origin}/${id}`, method === 'POST' ? { data: `vote ${id}` } : {})
      if (await response.text() !== 'ok') outcome = 'another body'
    } catch (error) {
      outcome = (error as Error).name
    }
    const expected = fault === undefined ? /^ok$/ : faults[fault]?.error ?? /^$/
    if (!expected.test(outcome)) t.fail(`${method} ${id}: ${fault ?? 'no fault'} became ${outcome}`)
    if (performance.now() - begin > 2 * limit) t.fail(`${method} ${id} took longer than its limit`)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  await Promise.all(Array.from({ length: 50 }, async () => {
    while (next < requests) await one(next++)
  }))

  t.comment(`seed ${seed}: ${JSON.stringify(outcomes)}`)
  const twice = [...server.attempts].filter(([id, attempts]) => attempts > (id % 2 === 0 ? 2 : 1))
  t.same(twice, [], 'no POST was sent twice, and no GET three times')
  t.match(session.connector?.stats, { used: 0, waiting: 0 })
  await session.close()
  while (server.sockets.size > 0) await nextRound()
  t.ok(resources() <= before, 'no socket and no timer is left')
  server.stop()
})
