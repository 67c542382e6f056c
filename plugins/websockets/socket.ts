/**
 * The `ws` WebSocket, except that the peer's close frame is reported instead of answered at once.
 *
 * `ws` answers a close frame while messages that came before it still wait to be handled; their answers could
 * then not be sent any more. RFC 6455, section 5.5.1 lets an endpoint delay its close frame.
 *
 * @module
 */

import { WebSocket } from 'ws'
import type { FrameSocket } from '../../lib/websocket/socket.ts'

/** A websocket whose owner answers the peer's close frame. */
export class DeferredCloseSocket extends WebSocket implements FrameSocket {
  /** Told when the peer has closed; the owner then calls `answer()`. The code is 1005 if there was none. */
  onPeerClose: ((code: number, reason: string) => void) | undefined

  /** The answer to what the client offered, with its parameters; empty when nothing is compressed. */
  negotiated = ''

  /** The window of what is sent compressed; 0 when nothing is. */
  get windowBits (): number {
    if (this.negotiated === '') return 0
    return Number(/server_max_window_bits=(\d+)/.exec(this.negotiated)?.[1] ?? 15)
  }

  /** Whether each message is compressed on its own, so that others can be sent the same bytes. */
  get noContextTakeover (): boolean {
    return this.negotiated.includes('server_no_context_takeover')
  }

  // The peer's close frame ends in a call of this method with its code and its reason as Buffer, or with
  // nothing; a protocol error ends in one with a code only.
  override close (code?: number, reason?: string | Buffer): void {
    if (this.readyState !== WebSocket.OPEN || this.onPeerClose === undefined) super.close(code, reason)
    else if (code === undefined || Buffer.isBuffer(reason)) this.onPeerClose(code ?? 1005, String(reason ?? ''))
    // Messages in the same packet came before the error: their handler runs first.
    else setImmediate(() => super.close(code))
  }

  /** Sends the own close frame; 1005 sends one without a code. */
  answer (code: number, reason: string): void {
    if (code === 1005) super.close()
    else super.close(code, reason)
  }
}
