/**
 * The first of several addresses that answers (RFC 8305): the next one is tried when an address fails, or when it
 * has been silent for a while; whoever is first wins.
 *
 * @module
 */

import { connect, type Socket } from 'node:net'
import { reasonOf } from './abortable.ts'
import type { ResolvedAddress } from './resolver.ts'

/** How addresses are tried. */
export interface RaceOptions {
  readonly addresses: readonly ResolvedAddress[]
  readonly port: number
  /** Milliseconds before the next address is tried beside a silent one; `undefined` waits for its failure. */
  readonly delay: number | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
}

/** @throws the error of the first address, when all have failed, or the signal's reason */
export async function raceToConnect (options: RaceOptions, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted()
  return await new Promise<Socket>((resolve, reject) => {
    new Race(options, resolve, reject).start(signal)
  })
}

class Race {
  readonly #options: RaceOptions
  readonly #resolve: (socket: Socket) => void
  readonly #reject: (error: Error) => void
  readonly #running = new Set<Socket>()
  #next = 0
  #timer: NodeJS.Timeout | undefined
  #error: Error | undefined
  #unlisten = () => {}

  constructor (options: RaceOptions, resolve: (socket: Socket) => void, reject: (error: Error) => void) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
  }

  start (signal: AbortSignal): void {
    const onAbort = () => { this.#end(() => { this.#reject(reasonOf(signal)) }) }
    signal.addEventListener('abort', onAbort)
    this.#unlisten = () => { signal.removeEventListener('abort', onAbort) }
    this.#tryNext()
  }

  #tryNext (): void {
    clearTimeout(this.#timer)
    const { addresses, port, delay, localAddress, localPort } = this.#options
    const found = addresses[this.#next++]
    if (found === undefined) {
      if (this.#running.size === 0) {
        this.#end(() => { this.#reject(this.#error ?? new Error('The name has no address')) })
      }
      return
    }
    const socket = connect({
      host: found.host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      ...localAddress !== undefined && { localAddress },
      ...localPort !== undefined && { localPort }
    })
    this.#running.add(socket)
    const onError = (error: Error) => {
      this.#running.delete(socket)
      this.#error ??= error
      this.#tryNext()
    }
    socket.once('error', onError)
    socket.once('connect', () => {
      socket.off('error', onError)
      this.#running.delete(socket)
      this.#end(() => { this.#resolve(socket) })
    })
    if (delay !== undefined && this.#next < addresses.length) {
      this.#timer = setTimeout(() => { this.#tryNext() }, delay)
    }
  }

  /** Ends the race; those that still run are given up. */
  #end (settle: () => void): void {
    clearTimeout(this.#timer)
    this.#unlisten()
    for (const socket of this.#running) {
      socket.removeAllListeners('error').on('error', () => {})
      socket.destroy()
    }
    this.#running.clear()
    this.#next = this.#options.addresses.length
    settle()
  }
}
