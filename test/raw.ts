/** Sockets without an HTTP client's help: to send half of something, and to see exactly what comes back. */

import { connect, type Socket } from 'node:net'
import { connect as connectTLS } from 'node:tls'

/** Where to connect to: a port, a path, or a port that speaks TLS. */
export type Target = { port: number, tls?: boolean } | { path: string }

/** What a connection received, and how it ended. */
export interface Ending {
  text: string
  /** `end` for a FIN, else the code of the error. */
  by: string
}

/** One raw connection. */
export class Raw {
  readonly socket: Socket
  /** Settles when the other side has closed. */
  readonly ended: Promise<Ending>
  #text = ''
  #waiting: { pattern: RegExp, resolve: (text: string) => void }[] = []

  private constructor (socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (piece: string) => {
      this.#text += piece
      this.#waiting = this.#waiting.filter(({ pattern, resolve }) => {
        if (!pattern.test(this.#text)) return true
        resolve(this.#text)
        return false
      })
    })
    this.ended = new Promise(resolve => {
      socket.once('end', () => resolve({ text: this.#text, by: 'end' }))
      socket.once('error', (error: NodeJS.ErrnoException) => resolve({ text: this.#text, by: error.code ?? 'error' }))
      socket.once('close', () => resolve({ text: this.#text, by: 'close' }))
    })
  }

  /** Connects, and destroys the socket when the test ends. */
  static async open (t: { teardown (fn: () => unknown): void }, target: Target): Promise<Raw> {
    const secure = 'port' in target && target.tls === true
    const socket = 'path' in target
      ? connect(target.path)
      : secure
        ? connectTLS({ port: target.port, host: '127.0.0.1', rejectUnauthorized: false })
        : connect(target.port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    const raw = new Raw(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => resolve())
      socket.once('error', reject)
    })
    return raw
  }

  get text (): string {
    return this.#text
  }

  write (text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Waits until what was received fits the pattern; rejects when the connection ends first. */
  async until (pattern: RegExp): Promise<string> {
    if (pattern.test(this.#text)) return this.#text
    return await Promise.race([
      new Promise<string>(resolve => this.#waiting.push({ pattern, resolve })),
      this.ended.then(({ text, by }) => {
        if (pattern.test(text)) return text
        throw new Error(`ended (${by}) without ${pattern}: ${text}`)
      })
    ])
  }
}

/** A GET without a body. */
export function get (path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`
}
