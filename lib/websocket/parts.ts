/**
 * The parts of the `ws` package that make and read frames, which its types leave out.
 *
 * @module
 */

import type { Duplex, Writable } from 'node:stream'
import * as ws from 'ws'
import type { Bytes, Sent } from './writer.ts'

/** What was agreed on (RFC 7692, section 7.1). */
export interface DeflateParameters {
  readonly server_max_window_bits?: number
  readonly server_no_context_takeover?: true
}

/** Compression of messages (RFC 7692). */
export interface Deflate {
  /** Takes over what the other end said, as lists of parameters. @throws Error */
  accept (parameters: readonly object[]): DeflateParameters
  cleanup (): void
}

/** Reads frames from the bytes written to it; emits `message`, `ping`, `pong`, `conclude`, `drain` and `error`. */
export type FrameReceiver = Writable

/** Writes frames. */
export interface FrameSender {
  send (data: string | Bytes, options: SendOptions, sent?: Sent): void
  ping (data: string | Bytes, mask: boolean, sent?: Sent): void
  pong (data: string | Bytes, mask: boolean, sent?: Sent): void
  close (code: number | undefined, reason: string, mask: boolean, sent?: Sent): void
}

interface SendOptions {
  readonly binary: boolean
  readonly compress: boolean
  readonly fin: true
  readonly mask: boolean
}

type Extensions = Readonly<Record<string, Deflate>>

/** Parameters of extensions by their names, as they stand in a header. */
type ExtensionList = Readonly<Record<string, readonly object[]>>

interface Parts {
  readonly PerMessageDeflate: new (options: {
    readonly isServer: boolean
    readonly maxPayload: number
    readonly threshold: number
    readonly clientMaxWindowBits?: boolean | number
    readonly serverMaxWindowBits?: number
    readonly serverNoContextTakeover?: boolean
    readonly zlibDeflateOptions: { readonly level: number }
  }) => Deflate
  readonly Receiver: new (options: {
    readonly isServer: boolean
    readonly maxPayload: number
    readonly extensions: Extensions
  }) => FrameReceiver
  readonly Sender: new (stream: Duplex, extensions: Extensions) => FrameSender
  /** Sec-WebSocket-Extensions. @throws SyntaxError */
  readonly extension: { parse (header: string): ExtensionList, format (extensions: ExtensionList): string }
  /** Sec-WebSocket-Protocol. @throws SyntaxError */
  readonly subprotocol: { parse (header: string): Set<string> }
}

export const { extension, PerMessageDeflate, Receiver, Sender, subprotocol }: Parts = ws as unknown as Parts

/** The name under which both look for compression. */
export const deflateName = 'permessage-deflate'
