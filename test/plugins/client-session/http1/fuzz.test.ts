import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import t from 'tap'
import { Exchange } from '../../../../plugins/client-session/http1/exchange.ts'

/** How many mutated responses are compared. */
const rounds = Number(process.env.FUZZ_ROUNDS ?? 3000)
const seed = Number(process.env.FUZZ_SEED ?? 20261121)
const limits = { maxLineSize: 8190, maxFieldSize: 8190, maxHeaders: 128 }

/** What a parser made of the bytes of a connection. */
interface Outcome {
  status: number
  body: string
  /** The connection would be used again. */
  reusable: boolean
}

class Bytes extends Duplex {
  override _read (): void {}
  override _write (_chunk: Buffer, _encoding: string, callback: () => void): void { callback() }
}

/** `undefined` when the response was refused or is incomplete. */
async function ours (pieces: readonly Buffer[], method: string, ends = true): Promise<Outcome | undefined> {
  const socket = new Bytes()
  let reusable = false
  const exchange = new Exchange({ socket, detach () {}, finish (again) { reusable = again } }, {
    head: '',
    body: null,
    length: null,
    chunked: false,
    expectContinue: false,
    method,
    limits,
    upgrade: false,
    readUntilEof: true,
    readBufferSize: 1_000_000,
    maxBodySize: Infinity,
    socketRead: 0,
    idle: 0,
    write: 0
  })
  const answer = exchange.run(0)
  answer.catch(() => {})
  for (const piece of pieces) if (!exchange.over) exchange.feed(piece)
  if (ends) exchange.eof()
  try {
    const { head, body } = await answer
    const got: Buffer[] = []
    for (let piece = await body.next(); piece !== null; piece = await body.next()) got.push(piece)
    return { status: head.status, body: Buffer.concat(got).toString('latin1'), reusable }
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

/** The same by Node's own client. */
async function nodes (bytes: Buffer, method: string): Promise<Outcome | undefined> {
  const socket = new Bytes()
  const asked = request({ method, createConnection: () => socket as never, headers: { connection: 'keep-alive' } })
  asked.on('error', () => {})
  asked.end()
  try {
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      asked.on('response', resolve).on('upgrade', resolve).on('error', reject)
      asked.on('close', () => { reject(new Error('closed')) })
    })
    response.catch(() => {})
    await once(asked, 'socket')
    socket.push(bytes)
    socket.push(null)
    const incoming = await response
    const got: Buffer[] = []
    incoming.on('data', (data: Buffer) => got.push(data)).on('error', () => {})
    if (!incoming.closed) await once(incoming, 'close')
    if (!incoming.complete) return undefined
    return {
      status: incoming.statusCode ?? 0, body: Buffer.concat(got).toString('latin1'), reusable: asked.shouldKeepAlive
    }
  } catch {
    return undefined
  } finally {
    asked.destroy()
    socket.destroy()
  }
}

/** Numbers that look random and are the same in every run (mulberry32). */
function generator (state: number): (below: number) => number {
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const valid: readonly [text: string, method?: string][] = [
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello'],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b;c="d"\r\n world\r\n0\r\n\r\n'],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nTrailer: X\r\n\r\n1\r\na\r\n00\r\nX: 1\r\n\r\n'],
  ['HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end'],
  ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok'],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n'],
  ['HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nETag: "x"\r\n\r\n'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 'HEAD'],
  ['HTTP/1.1 404 Not Found\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 3\r\nX-Empty:\r\n\r\nabc']
]

/** What is put in, taken for something else, or repeated: whatever parsers have been led astray with. */
const ingredients = [
  '\r', '\n', '\r\n', '\r\n\r\n', '\0', ' ', '\t', '\x0b', '\x0c', '\x7f', '\xa0', '\xe2\x84\xaa', ':', ';', ',', '0', '1', 'f',
  '-', '+', '0x', '\r\n ', '\n\n', '\r\r', '\r\nContent-Length: 3', '\r\nContent-Length: 5, 5', '\r\nContent-Length : 1',
  '\r\nTransfer-Encoding: chunked', '\r\nTransfer-Encoding: identity', '\r\nTransfer-Encoding: xchunked',
  '\r\nTransfer-Encoding:\x0bchunked', '\r\nTransfer-Encoding: chun\xe2\x84\xaaed', '\r\nTransfer-Encoding: chunked, chunked',
  '\r\nConnection: close', '\r\nX: 1\r\n 2', ';x=y', ';\n', 'HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 101 Switching\r\n\r\n', '0\r\n\r\n',
  'ffffffffffffffff', '18446744073709551617'
]

function mutate (text: string, random: (below: number) => number): string {
  let mutated = text
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(mutated.length + 1)
    const kind = random(4)
    const removed = kind === 0 ? 0 : kind === 3 ? 1 + random(8) : 1
    const added = kind === 1 ? '' : kind === 2 ? String.fromCharCode(random(256)) : ingredients[random(ingredients.length)] ?? ''
    mutated = mutated.slice(0, at) + added + mutated.slice(at + removed)
  }
  return mutated
}

t.test('valid responses mean the same here and in Node, wherever they are cut', async t => {
  for (const [text, method = 'GET'] of valid) {
    const bytes = Buffer.from(text, 'latin1')
    const whole = await ours([bytes], method)
    const theirs = await nodes(bytes, method)
    t.ok(whole, JSON.stringify(text))
    t.same({ status: whole?.status, body: whole?.body }, { status: theirs?.status, body: theirs?.body })
    for (let cut = 1; cut < bytes.length; cut++) {
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)]
      if (JSON.stringify(await ours(pieces, method)) !== JSON.stringify(whole)) t.fail(`${JSON.stringify(text)} cut at ${cut}`)
    }
    t.same(await ours([...bytes].map(byte => Buffer.of(byte)), method), whole, 'byte by byte')
  }
})

t.test('a response that ends early is never a whole one', async t => {
  for (const [text, method = 'GET'] of valid) {
    if (text.includes('Connection: close')) continue
    const bytes = Buffer.from(text, 'latin1')
    for (let cut = 0; cut < bytes.length; cut++) {
      if (await ours([bytes.subarray(0, cut)], method) !== undefined) t.fail(`${JSON.stringify(text)} cut at ${cut}`)
    }
  }
})

t.test('a connection that is used again is one where Node sees the same response', async t => {
  const random = generator(seed)
  const outcomes = { same: 0, refusedByBoth: 0, stricter: 0, closed: 0 }
  for (let round = 0; round < rounds; round++) {
    const [text, method = 'GET'] = valid[random(valid.length)] ?? ['']
    const mutated = mutate(text, random)
    const bytes = Buffer.from(mutated, 'latin1')
    const cut = random(bytes.length + 1)
    const mine = await ours([bytes.subarray(0, cut), bytes.subarray(cut)], method)
    const theirs = await nodes(bytes, method)
    const same = mine?.status === theirs?.status && mine?.body === theirs?.body
    if (same) outcomes[mine === undefined ? 'refusedByBoth' : 'same']++
    else if (mine === undefined) outcomes.stricter++
    else if (!mine.reusable) outcomes.closed++
    else t.fail(`${method} ${JSON.stringify(mutated)}: ${JSON.stringify(mine)} here, ${JSON.stringify(theirs)} in Node`)
  }
  t.comment(`seed ${seed}: ${JSON.stringify(outcomes)}`)
  t.ok(outcomes.same > rounds / 10 && outcomes.refusedByBoth > rounds / 10, 'both kinds are met')
})
