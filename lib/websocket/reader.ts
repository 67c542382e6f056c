/**
 * Bytes of a connection as messages.
 *
 * Nearly all frames that come are whole messages, short and as they should be: those are read here. Everything
 * else (fragments, compression, long messages, whatever is wrong) is left to the reader of `ws`, which is made when
 * the first such frame comes and reads on from there. A connection without one is smaller and faster.
 *
 * @module
 */

import { isUtf8 } from 'node:buffer'
import { WSCloseCode, WSMsgType } from './message.ts'
import { isCloseCode } from './options.ts'
import { deflateName, Receiver, type Deflate, type FrameReceiver } from './parts.ts'

/** What is read, told to whoever owns the reader: one table serves all owners. */
export interface ReaderEvents<Owner> {
  message (owner: Owner, data: Buffer, isBinary: boolean): void
  ping (owner: Owner, data: Buffer): void
  pong (owner: Owner, data: Buffer): void
  /** The peer's close frame, after which nothing is read; 1005 if it has no code. */
  conclude (owner: Owner, code: number, reason: Buffer): void
  /** Something breaks the protocol or a limit; nothing more is read. */
  error (owner: Owner, error: Error): void
  /** More can be read. */
  drain (owner: Owner): void
}

/** How messages are read. */
export interface ReaderSettings {
  /** A server gets frames with a mask, a client without. */
  readonly isServer: boolean
  /** Bytes a message may have; 0 for any number. */
  readonly maxPayload: number
}

const known: ReadonlySet<number> = new Set([
  WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CLOSE, WSMsgType.PING, WSMsgType.PONG
])

// What `#take()` says of a frame that it does not take.
const incomplete = 0
const strange = -1

/** Reads one connection. */
export class FrameReader<Owner> {
  readonly #settings: ReaderSettings
  readonly #deflate: Deflate | undefined
  readonly #owner: Owner
  readonly #events: ReaderEvents<Owner>
  /** The beginning of a frame whose end has not come. */
  #rest: Buffer | undefined
  /** Reads everything since the first frame that is not read here. */
  #receiver: FrameReceiver | undefined
  #failed = false
  #concluded = false

  constructor (
    settings: ReaderSettings, deflate: Deflate | undefined, owner: Owner, events: ReaderEvents<Owner>
  ) {
    this.#settings = settings
    this.#deflate = deflate
    this.#owner = owner
    this.#events = events
  }

  /** Whether it waits for `drain`. */
  get full (): boolean {
    return this.#receiver?.writableNeedDrain ?? false
  }

  /** Reads on; false when the next bytes should wait for `drain`. */
  read (chunk: Buffer): boolean {
    if (this.#receiver !== undefined) return this.#receiver.write(chunk)
    const data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = undefined
    for (let offset = 0; offset < data.length && !this.#concluded;) {
      const taken = this.#take(data, offset)
      if (taken === strange) return this.#handOver(data.subarray(offset))
      if (taken === incomplete) {
        // A copy: the connection may be silent for long, and what came before is as large as a packet.
        this.#rest = Buffer.from(data.subarray(offset))
        return true
      }
      offset += taken
    }
    return true
  }

  /** Nothing more comes; `done` is called when all that has come is read. */
  end (done: () => void): void {
    const receiver = this.#receiver
    if (receiver === undefined) return done()
    const finish = () => {
      receiver.removeAllListeners()
      done()
    }
    if (!receiver.writableEnded) receiver.end()
    // What is wrong with the last bytes may not have been told yet.
    if (receiver.writableFinished || this.#failed) finish()
    else receiver.once('finish', finish).once('error', finish)
  }

  /** Takes a frame that is a whole, short message; gives its size. */
  #take (data: Buffer, offset: number): number {
    const { isServer, maxPayload } = this.#settings
    const flags = data[offset] ?? 0
    const opcode = flags & 0x0f
    // The last of a message, not compressed
    if ((flags & 0xf0) !== 0x80 || !known.has(opcode)) return strange
    const second = data[offset + 1]
    if (second === undefined) return incomplete
    if ((second >= 0x80) !== isServer) return strange
    const short = second & 0x7f
    const isControl = opcode >= WSMsgType.CLOSE
    if (short === 127 || (short > 125 && isControl)) return strange
    const extended = short === 126
    if (extended && data.length < offset + 4) return incomplete
    const length = extended ? data.readUInt16BE(offset + 2) : short
    if (maxPayload > 0 && length > maxPayload && !isControl) return strange
    const mask = offset + (extended ? 4 : 2)
    const start = mask + (isServer ? 4 : 0)
    const end = start + length
    if (data.length < end) return incomplete
    if (isServer) unmask(data, mask, start, end)
    if (this.#tell(opcode, data.subarray(start, end))) return end - offset
    if (isServer) unmask(data, mask, start, end)
    return strange
  }

  /** False for what must not be in such a message. */
  #tell (opcode: number, payload: Buffer): boolean {
    const events = this.#events
    const owner = this.#owner
    if (opcode === WSMsgType.CLOSE) return this.#conclude(payload)
    if (opcode === WSMsgType.TEXT && !isUtf8(payload)) return false
    if (opcode === WSMsgType.PING) events.ping(owner, payload)
    else if (opcode === WSMsgType.PONG) events.pong(owner, payload)
    else events.message(owner, payload, opcode === WSMsgType.BINARY)
    return true
  }

  #conclude (payload: Buffer): boolean {
    const hasCode = payload.length > 0
    if (payload.length === 1) return false
    const code = hasCode ? payload.readUInt16BE() : WSCloseCode.NO_STATUS_RECEIVED
    const reason = payload.subarray(2)
    if (hasCode && !(isCloseCode(code) && isUtf8(reason))) return false
    this.#concluded = true
    this.#events.conclude(this.#owner, code, reason)
    return true
  }

  #handOver (data: Buffer): boolean {
    const { isServer, maxPayload } = this.#settings
    const events = this.#events
    const owner = this.#owner
    const extensions = this.#deflate === undefined ? {} : { [deflateName]: this.#deflate }
    const receiver = new Receiver({ isServer, maxPayload, extensions })
    receiver.on('message', (data: Buffer, isBinary: boolean) => events.message(owner, data, isBinary))
    receiver.on('ping', (data: Buffer) => events.ping(owner, data))
    receiver.on('pong', (data: Buffer) => events.pong(owner, data))
    receiver.on('conclude', (code: number, reason: Buffer) => events.conclude(owner, code, reason))
    receiver.on('error', (error: Error) => {
      this.#failed = true
      events.error(owner, error)
    })
    receiver.on('drain', () => events.drain(owner))
    this.#receiver = receiver
    return receiver.write(data)
  }
}

/** Takes a mask of four bytes off, or puts it on again (RFC 6455, section 5.3). */
function unmask (data: Buffer, mask: number, start: number, end: number): void {
  const key = data.readUInt32BE(mask)
  if (key === 0) return
  const one = key >>> 24
  const two = key >>> 16 & 0xff
  const three = key >>> 8 & 0xff
  const four = key & 0xff
  let index = start
  for (; index + 3 < end; index += 4) {
    data[index] = (data[index] ?? 0) ^ one
    data[index + 1] = (data[index + 1] ?? 0) ^ two
    data[index + 2] = (data[index + 2] ?? 0) ^ three
    data[index + 3] = (data[index + 3] ?? 0) ^ four
  }
  for (; index < end; index += 1) data[index] = (data[index] ?? 0) ^ (data[mask + (index - start & 3)] ?? 0)
}
