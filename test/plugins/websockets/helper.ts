/** What the websocket tests share: an app with the plugin, and clients that can be awaited. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import { WebSocket, type ClientOptions } from 'ws'
import websockets, { type WebSocketResponse, type WebSocketsOptions } from '../../../plugins/websockets/index.ts'
import { build } from '../../helper.ts'

/** An app with the plugin. */
export async function buildApp (
  t: Test, options: WebSocketsOptions = {}, server?: FastifyServerOptions
): Promise<FastifyInstance> {
  const app = build(t, server)
  await app.register(websockets, options)
  return app
}

/** Listens on a free port. */
export async function serve (app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** A handler that receives until the end. */
export async function listen (ws: WebSocketResponse): Promise<void> {
  while (!ws.closed) await ws.receive()
}

/** A client whose messages and close can be awaited in order. */
export class Client {
  readonly ws: WebSocket
  readonly #messages: Array<string | Buffer> = []
  readonly #waiting: Array<(message: string | Buffer) => void> = []
  readonly closed: Promise<{ code: number, reason: string }>

  constructor (ws: WebSocket) {
    this.ws = ws
    ws.on('message', (data: Buffer, isBinary) => {
      const message = isBinary ? data : data.toString()
      const waiter = this.#waiting.shift()
      if (waiter === undefined) this.#messages.push(message)
      else waiter(message)
    })
    ws.on('error', () => {})
    this.closed = new Promise(resolve => ws.on('close', (code, reason) => resolve({ code, reason: String(reason) })))
  }

  next (): Promise<string | Buffer> {
    const message = this.#messages.shift()
    return message === undefined ? new Promise(resolve => this.#waiting.push(resolve)) : Promise.resolve(message)
  }

  ask (message: string | Buffer): Promise<string | Buffer> {
    this.ws.send(message)
    return this.next()
  }
}

/** Opens a websocket, or rejects with ws' error. */
export async function open (
  t: Test, port: number, path: string, protocols: string[] = [], options: ClientOptions = {}
): Promise<Client> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, options)
  const client = new Client(ws)
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  return client
}

/** The status of a handshake that is refused. */
export function refused (t: Test, port: number, path: string, options: ClientOptions = {}): Promise<number> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
  ws.on('error', () => {})
  t.teardown(() => ws.terminate())
  return new Promise((resolve, reject) => {
    ws.on('open', () => reject(new Error('The handshake was accepted')))
    ws.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
  })
}

const handshakeHeaders = {
  host: 'localhost',
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='
}

/** A connection without a client library, after a handshake with some headers changed or left out. */
export class Raw {
  readonly socket: Socket
  #buffer = Buffer.alloc(0)
  readonly ended: Promise<unknown>

  constructor (t: Test, port: number, path: string, changes: Record<string, string | undefined> = {}) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    t.teardown(() => this.socket.destroy())
    this.socket.on('data', data => { this.#buffer = Buffer.concat([this.#buffer, data]) })
    this.socket.on('error', () => {})
    this.ended = Promise.race([once(this.socket, 'end'), once(this.socket, 'close')]).catch(() => {})
    const headers = Object.entries({ ...handshakeHeaders, ...changes }).filter(([, value]) => value !== undefined)
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
    this.socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  }

  /** What has come, at least so many bytes. */
  async read (bytes: number): Promise<Buffer> {
    while (this.#buffer.length < bytes) await once(this.socket, 'data')
    return this.#buffer
  }

  /** The head of the answer, taken off what has come. */
  async head (): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n')
      if (end >= 0) {
        const head = this.#buffer.subarray(0, end).toString()
        this.#buffer = this.#buffer.subarray(end + 4)
        return head
      }
      await once(this.socket, 'data')
    }
  }

  /** Everything until the server ends the connection. */
  async rest (): Promise<Buffer> {
    await this.ended
    return this.#buffer
  }
}

/** A frame as a client sends it, masked with zeros. */
export function frame (opcode: number, payload: Buffer | string = '', masked = true): Buffer {
  const data = Buffer.from(payload)
  const head = Buffer.from([0x80 | opcode, (masked ? 0x80 : 0) | data.length])
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), data])
}
