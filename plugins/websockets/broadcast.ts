/**
 * One message for many: framed once, compressed at most once for each window size.
 *
 * A compressed frame fits everybody whose messages are compressed each on their own (`contextTakeover: false`).
 * All others get the plain frame, which RFC 7692, section 6 allows at any time; or, when compression is asked
 * for, one that is compressed for them alone.
 *
 * @module
 */

import { constants, deflateRawSync } from 'node:zlib'
import { frame, RSV1 } from '../../lib/websocket/frame.ts'
import { WSMsgType } from '../../lib/websocket/message.ts'
import type { SharedFrame } from '../../lib/websocket/outbox.ts'
import type { Compression } from '../../lib/websocket/socket.ts'
import type { Bytes } from '../../lib/websocket/writer.ts'

/** Below this compressing costs more than it saves; ws draws the line here as well. */
const threshold = 1024

/** A message on its way to many. */
export class SharedMessage implements SharedFrame {
  readonly data: Buffer
  readonly binary: boolean
  /** Whether those get it compressed who need a frame of their own for that. */
  readonly compress: boolean
  readonly joined: boolean
  readonly #shareCompressed: boolean
  readonly #compressed = new Map<number, Buffer>()
  #plain: Buffer | undefined

  /**
   * @param compress `undefined` compresses only what can be shared
   * @param joined whether it follows another one in this turn of the event loop
   */
  constructor (data: string | Bytes, compress: boolean | undefined, joined = false) {
    this.joined = joined
    this.binary = typeof data !== 'string'
    // A copy: the caller's bytes may change while slow ones still wait for them.
    this.data = data instanceof ArrayBuffer ? Buffer.from(data.slice(0)) : Buffer.from(data)
    this.compress = compress === true
    this.#shareCompressed = compress !== false && this.data.length >= threshold
  }

  /** The whole frame for a receiver; `undefined` if it has to be made for this one alone. */
  frameFor (compression: Pick<Compression, 'windowBits' | 'noContextTakeover'> | undefined): Buffer | undefined {
    if (compression !== undefined && this.#shareCompressed) {
      if (compression.noContextTakeover) return this.#compressedFor(compression.windowBits)
      if (this.compress) return undefined
    }
    this.#plain ??= frame(this.#opcode, this.data)
    return this.#plain
  }

  get #opcode (): number {
    return this.binary ? WSMsgType.BINARY : WSMsgType.TEXT
  }

  #compressedFor (windowBits: number): Buffer {
    const known = this.#compressed.get(windowBits)
    if (known !== undefined) return known
    const deflated = deflateRawSync(this.data, {
      windowBits, level: constants.Z_BEST_SPEED, finishFlush: constants.Z_SYNC_FLUSH
    })
    // RFC 7692, section 7.2.1: without the empty block at the end; RSV1 marks it as compressed
    const made = frame(this.#opcode | RSV1, deflated.subarray(0, -4))
    this.#compressed.set(windowBits, made)
    return made
  }
}
