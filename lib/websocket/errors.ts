/**
 * What a peer did wrong, with the code it was told.
 *
 * @module
 */

import { AIO_ERR_WS_PROTOCOL } from '../errors.ts'
import { WSCloseCode } from './message.ts'

/** A frame or message that breaks RFC 6455, RFC 7692 or a limit; aiohttp's `WebSocketError`. */
export class WebSocketError extends AIO_ERR_WS_PROTOCOL {
  /** The code of the close frame that the peer was sent. */
  readonly closeCode: number

  constructor (closeCode: number, message: string, options: { cause?: Error } = {}) {
    super(message)
    if (options.cause !== undefined) this.cause = options.cause
    this.closeCode = closeCode
  }
}

/** An error of ws as one of ours; others, such as of the socket, stay as they are. */
export function translate (error: Error): Error {
  const { code = '' } = error as NodeJS.ErrnoException
  if (!code.startsWith('WS_ERR_') && !code.startsWith('Z_')) return error
  return new WebSocketError(closeCodeOf(code), error.message, { cause: error })
}

/** As ws chooses them. */
function closeCodeOf (code: string): number {
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' || code === 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH') {
    return WSCloseCode.MESSAGE_TOO_BIG
  }
  if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS') return WSCloseCode.POLICY_VIOLATION
  if (code === 'WS_ERR_INVALID_UTF8' || code.startsWith('Z_')) return WSCloseCode.INVALID_TEXT
  return WSCloseCode.PROTOCOL_ERROR
}
