/** The whole bundle under a runner, counting what reaches a handler; and connections that talk to it in bytes. */

import { connect, type Socket } from 'node:net'
import Fastify from 'fastify'
import type { Test } from 'tap'
import bundle, { AppRunner, frameworkErrors, TCPSite, type RunnerOptions } from '../../../app.ts'

/** What became of a connection. */
export interface Outcome {
  /** Statuses of the answers, interim ones included. */
  readonly statuses: readonly number[]
  readonly text: string
  /** `end` for a FIN, `timeout` for nothing, `open` when the server keeps the connection, else the code of an error. */
  readonly by: string
}

/** A server that counts. Each connection is known by its port, so that many can be open at once. */
export class CountingServer {
  /** Handler calls by remote port. */
  readonly calls = new Map<number, number>()
  readonly runner: AppRunner
  readonly port: number

  private constructor (runner: AppRunner, port: number, calls: Map<number, number>) {
    this.runner = runner
    this.port = port
    this.calls = calls
  }

  static async start (t: Test, options: RunnerOptions = {}): Promise<CountingServer> {
    const calls = new Map<number, number>()
    const app = Fastify({ frameworkErrors })
    await app.register(bundle)
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => { done(null, body) })
    app.all('/sentinel', async () => 'sentinel')
    app.get('/parameter/:name', async () => 'ok')
    app.all('*', async request => {
      const port = request.raw.socket.remotePort ?? 0
      calls.set(port, (calls.get(port) ?? 0) + 1)
      return 'ok'
    })
    const runner = new AppRunner(app, { shutdownTimeout: 1000, ...options })
    t.teardown(() => runner.cleanup())
    await runner.setup()
    const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
    await site.start()
    return new CountingServer(runner, site.port ?? 0, calls)
  }

  /**
   * Sends the pieces, one by one, until the server closes or has answered `expected` times and a request more.
   * Gives up after `patience` milliseconds.
   */
  async talk (pieces: readonly string[], expected: number, patience = 2000): Promise<Outcome & { calls: number }> {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    socket.setEncoding('latin1')
    let text = ''
    let probed = false
    let port = 0
    const by = await new Promise<string>(resolve => {
      const timer = setTimeout(() => resolve('timeout'), patience)
      socket.once('close', () => clearTimeout(timer))
      let written = false
      // That the connection is kept, and in step, is shown by one more request on it.
      const probe = () => {
        if (probed || !written || statusesOf(text).length < expected) return
        probed = true
        socket.write('GET /sentinel HTTP/1.1\r\nHost: x\r\n\r\n')
      }
      socket.on('connect', () => {
        port = socket.localPort ?? 0
        this.calls.delete(port)
        writeEach(socket, pieces, () => {
          written = true
          probe()
        })
      })
      socket.on('data', (piece: unknown) => {
        text += String(piece)
        probe()
        if (text.endsWith('sentinel')) resolve('open')
      })
      socket.on('end', () => resolve('end'))
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
      socket.on('close', () => resolve('close'))
    })
    socket.destroy()
    const statuses = statusesOf(text)
    if (by === 'open') statuses.pop()
    return { text, statuses, by, calls: this.calls.get(port) ?? 0 }
  }
}

/** The statuses in what a server sent: only status lines begin like this here. */
function statusesOf (text: string): number[] {
  return Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status))
}

/** Two turns of the event loop between the pieces, so that the server, which has the same, reads them one by one. */
function writeEach (socket: Socket, [piece, ...rest]: readonly string[], done: () => void): void {
  if (piece === undefined) return done()
  if (socket.destroyed || socket.readableEnded) return
  socket.write(piece, 'latin1', () => setImmediate(() => setImmediate(writeEach, socket, rest, done)))
}

/** Runs `work` for each item, `width` at a time. */
export async function each<Item> (items: Iterable<Item>, width: number, work: (item: Item) => Promise<void>) {
  const iterator = items[Symbol.iterator]()
  await Promise.all(Array.from({ length: width }, async () => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value)
  }))
}
