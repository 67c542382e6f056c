/**
 * What a connection needs of the socket below it, whichever end of the websocket that is.
 *
 * @module
 */

/** What happens on a socket. */
export interface FrameEvents {
  message: [data: Buffer, isBinary: boolean]
  ping: [data: Buffer]
  pong: [data: Buffer]
  /** A frame or message that breaks the protocol or a limit; `close` follows. */
  error: [error: Error]
  /** The connection is gone: the peer's code, 1005 if it gave none, 1006 if it sent no close frame. */
  close: [code: number, reason: Buffer]
}

/** Told what became of a frame. */
export type Sent = (error?: Error | null) => void

/** Frames in, frames out. */
export interface FrameSocket {
  /** `OPEN` while frames can be sent. */
  readonly readyState: number
  readonly OPEN: number
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number
  /** Empty when none was chosen. */
  readonly protocol: string
  /** The window of what is sent compressed; 0 when nothing is. */
  readonly windowBits: number
  /** Whether each message is compressed on its own, so that others can be sent the same bytes. */
  readonly noContextTakeover: boolean
  /** Told when the peer has closed; the owner then calls `answer()`. The code is 1005 if there was none. */
  onPeerClose: ((code: number, reason: string) => void) | undefined

  on<Name extends keyof FrameEvents> (event: Name, listener: (...args: FrameEvents[Name]) => void): unknown
  once<Name extends keyof FrameEvents> (event: Name, listener: (...args: FrameEvents[Name]) => void): unknown
  send (data: string | Buffer | Uint8Array | ArrayBuffer, options: SendFrame, sent?: (error?: Error) => void): void
  ping (data?: string | Buffer | Uint8Array | ArrayBuffer, mask?: boolean, sent?: (error: Error) => void): void
  pong (data?: string | Buffer | Uint8Array | ArrayBuffer, mask?: boolean, sent?: (error: Error) => void): void
  /** Sends the own close frame; 1005 sends one without a code. */
  answer (code: number, reason: string): void
  /** Drops the connection. */
  terminate (): void
  pause (): void
  resume (): void
}

/** How a message becomes a frame. */
export interface SendFrame {
  readonly binary: boolean
  readonly compress: boolean
}
