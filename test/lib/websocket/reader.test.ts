import { randomBytes, randomInt } from 'node:crypto'
import t from 'tap'
import { Receiver } from '../../../lib/websocket/parts.ts'
import { FrameReader, type ReaderEvents } from '../../../lib/websocket/reader.ts'

/** What was read, in order. */
type Log = unknown[]

const events: ReaderEvents<Log> = {
  message: (log, data, isBinary) => log.push(['message', data.toString('hex'), isBinary]),
  ping: (log, data) => log.push(['ping', data.toString('hex')]),
  pong: (log, data) => log.push(['pong', data.toString('hex')]),
  conclude: (log, code, reason) => log.push(['conclude', code, String(reason)]),
  error: (log, error) => log.push(['error', (error as NodeJS.ErrnoException).code]),
  drain: () => {}
}

interface Settings { isServer: boolean, maxPayload: number }

/** What our reader makes of some bytes that come in pieces. */
async function read (settings: Settings, pieces: Buffer[]): Promise<Log> {
  const log: Log = []
  const reader = new FrameReader<Log>(settings, undefined, log, events)
  // The bytes are unmasked where they are.
  for (const piece of pieces) if (!isOver(log)) reader.read(Buffer.from(piece))
  await new Promise<void>(resolve => reader.end(resolve))
  return log
}

/** What the reader of ws makes of them. */
async function readWithWs (settings: Settings, pieces: Buffer[]): Promise<Log> {
  const log: Log = []
  const receiver = new Receiver({ ...settings, extensions: {} })
  receiver.on('message', (data: Buffer, isBinary: boolean) => events.message(log, data, isBinary))
  receiver.on('ping', (data: Buffer) => events.ping(log, data))
  receiver.on('pong', (data: Buffer) => events.pong(log, data))
  receiver.on('conclude', (code: number, reason: Buffer) => events.conclude(log, code, reason))
  receiver.on('error', error => events.error(log, error))
  for (const piece of pieces) if (!isOver(log)) receiver.write(Buffer.from(piece))
  await new Promise<void>(resolve => {
    receiver.once('finish', resolve).once('error', () => resolve())
    receiver.end()
  })
  return log
}

/** Whether a close frame has come, behind which nothing is read. */
function isOver (log: Log): boolean {
  return (log.at(-1) as unknown[] | undefined)?.[0] === 'conclude'
}

interface Frame { flags?: number, data?: Buffer | string, masked?: boolean, longer?: boolean }

function frame ({ flags = 0x81, data = '', masked = true, longer = false }: Frame): Buffer {
  const payload = Buffer.from(data)
  const mask = masked ? randomBytes(4) : Buffer.alloc(0)
  const { length } = payload
  const size = length > 65_535 ? 10 : length > 125 || longer ? 4 : 2
  const head = Buffer.alloc(size)
  head[0] = flags
  head[1] = (masked ? 0x80 : 0) | (size === 2 ? length : size === 4 ? 126 : 127)
  if (size === 4) head.writeUInt16BE(length, 2)
  if (size === 10) head.writeBigUInt64BE(BigInt(length), 2)
  const body = masked ? Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))) : payload
  return Buffer.concat([head, mask, body])
}

function split (bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const end = start + (randomInt(4) === 0 ? bytes.length : randomInt(1, 40))
    pieces.push(bytes.subarray(start, end))
    start = end
  }
  return pieces
}

function randomFrame (masked: boolean): Frame {
  const kinds: (() => Frame)[] = [
    () => ({ data: 'wörter '.repeat(randomInt(0, 60)) }),
    () => ({ flags: 0x82, data: randomBytes(randomInt(0, 3000)) }),
    () => ({ flags: 0x89, data: randomBytes(randomInt(0, 126)) }),
    () => ({ flags: 0x8a, data: randomBytes(randomInt(0, 126)) }),
    () => ({ longer: true, data: 'short' })
  ]
  const rare: (() => Frame)[] = [
    () => ({ data: randomBytes(randomInt(1, 200)) }),
    () => ({ flags: 0x01, data: 'a piece' }),
    () => ({ flags: 0x80, data: 'the last piece' }),
    () => ({ flags: 0x88, data: Buffer.from([3, 232, 98, 121, 101]) }),
    () => ({ flags: 0x88, data: randomBytes(randomInt(0, 130)) }),
    () => ({ flags: 0x82, data: randomBytes(70_000) }),
    () => ({ flags: randomInt(256), data: randomBytes(randomInt(0, 200)) }),
    () => ({ flags: 0x89, data: randomBytes(200) }),
    () => ({ masked: !masked, data: 'the wrong end' })
  ]
  const list = randomInt(12) === 0 ? rare : kinds
  return { masked, ...list[randomInt(list.length)]?.() }
}

t.test('whatever comes, in whatever pieces, is read as the reader of ws reads it', async t => {
  for (let round = 0; round < 3000; round += 1) {
    const isServer = randomInt(2) === 0
    const settings = { isServer, maxPayload: [0, 100, 2000, 100_000][randomInt(4)] ?? 0 }
    const bytes = Buffer.concat(Array.from({ length: randomInt(1, 12) }, () => frame(randomFrame(isServer))))
    const pieces = split(randomInt(5) === 0 ? bytes.subarray(0, randomInt(bytes.length + 1)) : bytes)

    const [ours, theirs] = await Promise.all([read(settings, pieces), readWithWs(settings, pieces)])

    if (JSON.stringify(ours) === JSON.stringify(theirs)) continue
    t.same(ours, theirs, `${JSON.stringify(settings)} ${pieces.map(piece => piece.toString('hex')).join(' ')}`)
    return
  }
  t.pass('three thousand conversations')
})

t.test('every length, mask and alignment is unmasked', async t => {
  for (let length = 0; length < 140; length += 1) {
    const data = randomBytes(length)

    const log = await read({ isServer: true, maxPayload: 0 }, [frame({ flags: 0x82, data })])

    if (log.length !== 1 || String(log[0]) !== `message,${data.toString('hex')},true`) t.fail(`of ${length} bytes`)
  }
})

t.test('the beginning of a frame keeps nothing of the packet it came in', async t => {
  const log: Log = []
  const reader = new FrameReader<Log>({ isServer: true, maxPayload: 0 }, undefined, log, events)
  const bytes = frame({ data: 'in two pieces' })
  const first = Buffer.concat([frame({ data: 'whole' }), bytes.subarray(0, 5)])

  reader.read(first)
  first.fill(0)
  reader.read(Buffer.from(bytes.subarray(5)))

  t.same(log.map(entry => Buffer.from(String((entry as string[])[1]), 'hex').toString()), ['whole', 'in two pieces'])
})
