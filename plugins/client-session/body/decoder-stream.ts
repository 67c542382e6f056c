/**
 * A decoder of `node:zlib` that is pulled: it is fed when somebody waits, one piece at a time.
 *
 * @module
 */

import { Transform } from 'node:stream'
import type { BodySource } from '../types.ts'

/** What `zlib.create…()` makes. */
export type Engine = Transform & { readonly bytesWritten: number }

/** What becomes of bytes behind the end of the data: more data, nothing (padding), or they are a fault. */
export type Rest = 'data' | 'ignored' | 'fault'

/** Makes the engine for data that begins like this. */
export type MakeEngine = (data: Buffer) => { engine: Engine, rest: Rest }

/** What stands behind the end of the data where nothing may. */
export class TrailingData extends Error {
  override readonly name = 'TrailingData'
  readonly code = 'Z_DATA_ERROR'
}

/** Decoded bytes of a source. */
export class DecoderStream {
  readonly #raw: BodySource
  readonly #make: MakeEngine
  #engine: Engine
  #rest: Rest
  /** The last piece that was fed, and how many bytes were fed in all: what an engine left over is at its end. */
  #last: Buffer
  #fed = 0
  #working = false
  #inputEnded = false
  #over = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  constructor (raw: BodySource, first: Buffer, make: MakeEngine) {
    this.#raw = raw
    this.#make = make
    this.#last = first
    const { engine, rest } = make(first)
    this.#engine = engine
    this.#rest = rest
    this.#begin(first)
  }

  /** What is decoded already; `null` at the end, `undefined` when one has to wait. */
  poll (): Buffer | null | undefined {
    if (this.#error !== undefined) throw this.#error
    const bytes = this.#engine.read() as Buffer | null
    return bytes ?? (this.#over ? null : undefined)
  }

  /** The next bytes, `null` at the end. */
  async next (): Promise<Buffer | null> {
    for (;;) {
      const bytes = this.poll()
      if (bytes !== undefined) return bytes
      // What is not taken although there is nothing more to give stands behind the end.
      if (!this.#working && (this.#engine.readableEnded || this.#engine.bytesWritten < this.#fed)) await this.#finish()
      else if (this.#working || this.#inputEnded) await new Promise<void>(resolve => { this.#wake = resolve })
      else this.#feed(await this.#raw.next())
    }
  }

  stop (): void {
    this.#over = true
    this.#engine.destroy()
    this.#notify()
  }

  #begin (first: Buffer): void {
    const engine = this.#engine
    engine.on('readable', () => this.#notify())
    engine.on('end', () => this.#notify())
    engine.on('error', (error: Error) => {
      this.#error = error
      this.#notify()
    })
    this.#fed = 0
    this.#feed(first)
    if (this.#inputEnded) engine.end()
  }

  #feed (input: Buffer | null): void {
    if (input === null) {
      this.#inputEnded = true
      this.#engine.end()
      return
    }
    this.#working = true
    this.#last = input
    this.#fed += input.length
    this.#engine.write(input, () => {
      this.#working = false
      this.#notify()
    })
  }

  /** One piece of data has ended: another one may begin in what it left over, or with what comes. */
  async #finish (): Promise<void> {
    const left = this.#last.subarray(this.#last.length - (this.#fed - this.#engine.bytesWritten))
    const next = left.length > 0 ? left : this.#inputEnded ? null : await this.#raw.next()
    this.#inputEnded ||= next === null
    if (next === null || this.#rest === 'ignored') {
      this.#over = true
      return
    }
    if (this.#rest === 'fault') throw new TrailingData('Data behind the end')
    this.#engine.destroy()
    const { engine, rest } = this.#make(next)
    this.#engine = engine
    this.#rest = rest
    this.#begin(next)
  }

  #notify (): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
