/**
 * A client that sees bytes: one connection, responses read off it as they stand.
 *
 * The recorded vectors name repeated headers, stray bytes and closed connections, none of which an HTTP
 * client would show.
 *
 * @module
 */

import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where the server listens. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** Bytes, as a vector holds them. */
export type Blob = { readonly text: string } | { readonly base64: string }

/** One response. */
export interface WireResponse {
  readonly status: number
  readonly reason: string
  /** Names in lower case, in the order of the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/** How long a response may take, in milliseconds. */
export const TIMEOUT = 10_000
/** Between the pieces of a request, and for stray bytes, in milliseconds. */
export const SETTLE = 50
/** For the server to close the connection, in milliseconds. */
export const CLOSE_WAIT = 500

/** A response that does not come, or not to its end. */
export class BrokenResponse extends Error {}

/** The bytes of a blob. */
export function bytesOf (blob: Blob | null): Buffer {
  if (blob === null) return Buffer.alloc(0)
  return 'text' in blob ? Buffer.from(blob.text) : Buffer.from(blob.base64, 'base64')
}

/** One connection and what has come on it and was not taken yet. */
export class Connection {
  buffer: Buffer = Buffer.alloc(0)
  /** The server has closed it, or it broke. */
  ended = false
  /** Of a response that has begun and not yet ended. */
  status: number | null = null
  #failure: NodeJS.ErrnoException | undefined
  #wake = () => {}
  readonly #socket

  constructor ({ host, port }: Target) {
    this.#socket = connect({ host, port, allowHalfOpen: true, noDelay: true })
    this.#socket.on('data', data => {
      this.buffer = Buffer.concat([this.buffer, data])
      this.#wake()
    })
    const end = () => {
      this.ended = true
      this.#wake()
    }
    this.#socket.on('end', end)
    this.#socket.on('close', end)
    this.#socket.on('error', error => {
      this.#failure = error
      end()
    })
  }

  write (data: Buffer): void {
    if (!this.ended) this.#socket.write(data)
  }

  destroy (): void {
    this.#socket.destroy()
  }

  /** True when there are more bytes, false on the end or after the time. */
  async fill (timeout = TIMEOUT): Promise<boolean> {
    const before = this.buffer.length
    const deadline = Date.now() + timeout
    while (this.buffer.length === before) {
      const left = deadline - Date.now()
      if (this.ended || left <= 0) return false
      const abort = new AbortController()
      this.#wake = () => abort.abort()
      await sleep(left, undefined, { signal: abort.signal }).catch(() => {})
    }
    return true
  }

  /** Reads one response; `method` is that of the request, for HEAD has no body. */
  async response (method: string): Promise<WireResponse> {
    const [first = '', ...lines] = (await this.#until('\r\n\r\n')).toString().split('\r\n')
    const match = /^HTTP\/\d\.\d (\d{3}) ?(.*)$/s.exec(first)
    if (match === null) throw new Error(`bad status line ${JSON.stringify(first)}`)
    const [, code, reason = ''] = match
    const status = Number(code)
    this.status = status
    const headers = lines.map(line => {
      const at = line.indexOf(':')
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).replace(/^[ \t]+|[ \t]+$/g, '')] as const
    })
    const bodiless = method === 'HEAD' || status === 204 || status === 304 || status < 200
    const body = bodiless ? Buffer.alloc(0) : await this.#body(name => headers.findLast(([key]) => key === name)?.[1])
    this.status = null
    return { status, reason, headers, body: Buffer.from(body) }
  }

  async #body (field: (name: string) => string | undefined): Promise<Buffer> {
    if (field('transfer-encoding')?.toLowerCase() === 'chunked') return await this.#chunks()
    const length = field('content-length')
    if (length !== undefined) return await this.#exactly(Number(length))
    while (await this.fill());
    if (!this.ended) throw new Error('the body has neither a length nor an end')
    const rest = this.buffer
    this.buffer = Buffer.alloc(0)
    return rest
  }

  async #chunks (): Promise<Buffer> {
    const chunks: Buffer[] = []
    for (;;) {
      const size = Number.parseInt((await this.#until('\r\n')).toString('latin1'), 16)
      if (Number.isNaN(size)) throw new Error('bad chunk size')
      chunks.push(await this.#exactly(size))
      if ((await this.#exactly(2)).toString('latin1') !== '\r\n') throw new Error('bad chunk')
      if (size === 0) return Buffer.concat(chunks)
    }
  }

  async #until (mark: string): Promise<Buffer> {
    for (;;) {
      const at = this.buffer.indexOf(mark)
      if (at >= 0) {
        const line = this.buffer.subarray(0, at)
        this.buffer = this.buffer.subarray(at + mark.length)
        return line
      }
      if (!await this.fill()) throw this.#broken()
    }
  }

  async #exactly (count: number): Promise<Buffer> {
    while (this.buffer.length < count) if (!await this.fill()) throw this.#broken()
    const data = this.buffer.subarray(0, count)
    this.buffer = this.buffer.subarray(count)
    return data
  }

  #broken (): BrokenResponse {
    const what = this.ended ? 'the connection was closed' : `nothing more came within ${TIMEOUT} ms`
    const code = this.#failure?.code === undefined ? '' : ` (${this.#failure.code})`
    return new BrokenResponse(this.status === null
      ? `${what}; no response${code}`
      : `${what} in the middle of a response of status ${this.status}`)
  }
}
