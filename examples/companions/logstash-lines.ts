/**
 * Lines for Logstash's TCP input: kept while it is away, up to a limit, and sent when it is back.
 * TCP does not tell what has been read: of what a connection held when it broke, some may come twice, some not at all.
 *
 * @module
 */

import { connect, type Socket } from 'node:net'

/** What pino writes its lines to. */
export class LogstashLines {
  /** How many lines there was no room for. */
  dropped = 0
  readonly #url: URL
  readonly #maxLines: number
  #waiting: string[] = []
  #sending: string[] = []
  #socket: Socket | null = null
  #delay = 100
  #drained: (() => void) | null = null

  constructor (url: string, maxLines = 10_000) {
    this.#url = new URL(url)
    this.#maxLines = maxLines
    this.#connect()
  }

  /** Never waits, never throws: of too many lines the oldest go, a tenth at once. */
  write (line: string): void {
    this.#waiting.push(line)
    if (this.#waiting.length > this.#maxLines) this.dropped += this.#waiting.splice(0, this.#maxLines / 10 + 1).length
    this.#send()
  }

  /** Sends what is left, for at most `limit` milliseconds, and hangs up. */
  async close (limit = 2_000): Promise<void> {
    const timer = setTimeout(() => this.#drained?.(), limit)
    await new Promise<void>(resolve => { this.#drained = resolve; this.#send() })
    clearTimeout(timer)
    this.#socket?.end().unref()
  }

  #send (): void {
    if (this.#sending.length === 0 && this.#waiting.length === 0) return this.#drained?.()
    if (this.#sending.length > 0 || this.#socket?.readyState !== 'open') return
    this.#sending = this.#waiting.splice(0)
    this.#socket.write(this.#sending.join(''), error => {
      if (!error) { this.#sending = []; this.#send() }
    })
  }

  #connect (): void {
    this.#socket = connect(Number(this.#url.port), this.#url.hostname, () => { this.#delay = 100; this.#send() })
    this.#socket.on('error', () => {}).resume().on('close', () => {
      this.#waiting.unshift(...this.#sending.splice(0))
      if (this.#drained === null) setTimeout(() => this.#connect(), this.#delay).unref()
      this.#delay = Math.min(this.#delay * 2, 10_000)
    })
  }
}
