/**
 * A raw connection that notes what arrives, and when.
 *
 * @module
 */

import { connect, type Socket } from 'node:net'
import { now, type Journal } from './journal.ts'
import type { Entry } from './scenario.ts'

/** A port of this machine, or the path of a Unix socket. */
export type Address = number | string

/** How long a client waits for what it should hear, in milliseconds. */
const PATIENCE = 5000

/** One connection of a client. */
export class Client {
  readonly saw: Entry[] = []
  readonly #journal: Journal
  readonly #address: Address
  #socket: Socket | null = null
  #buffer = Buffer.alloc(0)
  #state: 'head' | 'chunks' | 'frames' = 'head'
  #over = false
  #left = false
  #changed = () => {}

  constructor (journal: Journal, address: Address) {
    this.#journal = journal
    this.#address = address
  }

  /** Resolves when it is connected or refused. */
  async connect (): Promise<void> {
    const target = typeof this.#address === 'string' ? { path: this.#address } : { host: '127.0.0.1', port: this.#address }
    // As with Python's sockets, the end of the one side is not the end of the other.
    const socket = connect({ ...target, allowHalfOpen: true })
    await new Promise<void>(resolve => {
      socket.once('connect', () => {
        this.#socket = socket
        resolve()
      })
      socket.once('error', (error: NodeJS.ErrnoException) => {
        if (this.#socket === null) this.#finish({ refused: error.code ?? error.message })
        else this.#end('reset')
        resolve()
      })
    })
    socket.on('data', data => this.#receive(data))
    socket.on('end', () => this.#end('fin'))
    // A write to a connection that has ended: what was read of it stays true.
    socket.on('error', () => {})
  }

  send (bytes: string | Buffer): void {
    if (typeof bytes === 'string') bytes = Buffer.from(bytes, 'latin1')
    if (this.#socket?.writable === true) this.#socket.write(bytes)
  }

  /** Waits until it saw `count` things in all; false when that takes too long. */
  async hear (count: number): Promise<boolean> {
    const until = now() + PATIENCE
    while (this.saw.length < count && now() < until) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, until - now())
        this.#changed = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.saw.length >= count
  }

  /** Leaves; what the server does afterwards is not of interest. */
  close (): void {
    this.#left = true
    this.#socket?.end()
    this.#socket?.destroy()
  }

  endWrite (): void {
    this.#socket?.end()
  }

  /** All that was seen, and how the connection stands. */
  report (): Entry[] {
    if (this.#left) return [...this.saw, { left: true }]
    return this.#over ? this.saw : [...this.saw, { open: true }]
  }

  #note (what: Readonly<Record<string, unknown>>): void {
    if (this.#left) return
    const at = this.#journal.when(now())
    this.saw.push(at === undefined ? what : { at, ...what })
    this.#changed()
  }

  #finish (how: Readonly<Record<string, unknown>>): void {
    if (this.#over) return
    this.#over = true
    this.#note(how)
  }

  #end (how: 'fin' | 'reset'): void {
    if (!this.#over && this.#buffer.length > 0) this.#note({ partial: this.#buffer.toString('latin1') })
    this.#finish({ end: how })
  }

  #receive (data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data])
    const parse = { head: () => this.#parseHead(), chunks: () => this.#parseChunk(), frames: () => this.#parseFrame() }
    while (parse[this.#state]());
  }

  #parseHead (): boolean {
    const end = this.#buffer.indexOf('\r\n\r\n')
    if (end < 0) return false
    const [first = '', ...lines] = this.#buffer.toString('latin1', 0, end).split('\r\n')
    const headers = new Map(lines.map(line => {
      const [name = '', ...value] = line.split(':')
      return [name.toLowerCase(), value.join(':').trim()]
    }))
    const rest = this.#buffer.subarray(end + 4)
    const status = Number(first.split(' ')[1])
    const shown = { status, connection: meaningOf(headers.get('connection')) }
    if (status === 101) return this.#take(rest, 'frames', { response: shown })
    if (headers.get('transfer-encoding') === 'chunked') return this.#take(rest, 'chunks', { head: shown })
    const length = Number(headers.get('content-length') ?? 0)
    if (rest.length < length) return false
    return this.#take(rest.subarray(length), 'head', { response: { ...shown, body: rest.toString('utf8', 0, length) } })
  }

  #parseChunk (): boolean {
    const end = this.#buffer.indexOf('\r\n')
    if (end < 0) return false
    const length = parseInt(this.#buffer.toString('latin1', 0, end), 16)
    const rest = this.#buffer.subarray(end + 2)
    if (rest.length < length + 2) return false
    const left = rest.subarray(length + 2)
    if (length === 0) return this.#take(left, 'head', { complete: true })
    return this.#take(left, 'chunks', { chunk: rest.toString('utf8', 0, length) })
  }

  #parseFrame (): boolean {
    const [first = 0, second = 0] = this.#buffer
    const length = second & 127
    if (this.#buffer.length < 2 + length) return false
    const body = this.#buffer.subarray(2, 2 + length)
    const kind = { 1: 'text', 8: 'close', 9: 'ping', 10: 'pong' }[first & 15] ?? `opcode ${first & 15}`
    const text = kind === 'close' && length > 1 ? `${body.readUInt16BE(0)} ${body.toString('utf8', 2)}` : body.toString()
    return this.#take(this.#buffer.subarray(2 + length), 'frames', { frame: `${kind} ${text}`.trim() })
  }

  #take (rest: Buffer<ArrayBuffer>, state: 'head' | 'chunks' | 'frames', what: Readonly<Record<string, unknown>>): true {
    this.#buffer = rest
    this.#state = state
    this.#note(what)
    return true
  }
}

/** Node says `keep-alive` where others say nothing, which in HTTP/1.1 means the same. */
function meaningOf (connection: string | undefined): string | null {
  const value = connection?.toLowerCase()
  return value === undefined || value === 'keep-alive' ? null : value
}
