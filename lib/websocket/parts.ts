/**
 * The parts of the `ws` package that make and read frames, which its types leave out.
 *
 * @module
 */

import type { Duplex, Writable } from 'node:stream'
import * as ws from 'ws'
import type { Sent } from './socket.ts'

/** Compression of messages (RFC 7692). */
export interface Deflate {
  /** Takes over what the other end said, as lists of parameters. @throws Error */
  accept (parameters: readonly object[]): object
  cleanup (): void
}

/** Reads frames from the bytes written to it; emits `message`, `ping`, `pong`, `conclude`, `drain` and `error`. */
export type FrameReader = Writable

/** Writes frames. */
export interface FrameWriter {
  send (data: string | Buffer | Uint8Array | ArrayBuffer, options: SendOptions, sent?: Sent): void
  ping (data: string | Buffer | Uint8Array | ArrayBuffer, mask: boolean, sent?: Sent): void
  pong (data: string | Buffer | Uint8Array | ArrayBuffer, mask: boolean, sent?: Sent): void
  close (code: number | undefined, reason: string, mask: boolean, sent?: Sent): void
}

interface SendOptions {
  readonly binary: boolean
  readonly compress: boolean
  readonly fin: true
  readonly mask: boolean
}

type Extensions = Readonly<Record<string, Deflate>>

interface Parts {
  readonly PerMessageDeflate: new (options: {
    readonly isServer: boolean
    readonly maxPayload: number
    readonly threshold: number
    readonly clientMaxWindowBits?: boolean | number
    readonly serverMaxWindowBits?: number
    readonly zlibDeflateOptions: { readonly level: number }
  }) => Deflate
  readonly Receiver: new (options: {
    readonly isServer: boolean
    readonly maxPayload: number
    readonly extensions: Extensions
  }) => FrameReader
  readonly Sender: new (stream: Duplex, extensions: Extensions) => FrameWriter
}

export const { PerMessageDeflate, Receiver, Sender }: Parts = ws as unknown as Parts

/** The name under which both look for compression. */
export const deflateName = 'permessage-deflate'
