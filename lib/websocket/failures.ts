/**
 * The errors of a connection; the client has others for the same than the server.
 *
 * @module
 */

import {
  AIO_ERR_WS_BROKEN, AIO_ERR_WS_CLOSE_TIMEOUT, AIO_ERR_WS_CLOSED, AIO_ERR_WS_HEARTBEAT, AIO_ERR_WS_RECEIVE_TIMEOUT
} from '../errors.ts'

/** Makes the error for each way a connection can fail. */
export interface Failures {
  /** Something was to be sent or received after the end. */
  closed (action: string, cause?: Error): Error
  /** The connection ended without a close frame. */
  broken (): Error
  /** The peer answered no PING for so many milliseconds. */
  silent (milliseconds: number): Error
  /** `receive()` got nothing for so many milliseconds. */
  nothingReceived (milliseconds: number): Error
  /** The peer did not answer the close frame: it took so long, at most the limit. */
  closeUnanswered (milliseconds: number, limit: number): Error
}

/** Those of a server. */
export const serverFailures: Failures = {
  closed: (action, cause) => new AIO_ERR_WS_CLOSED(action, ...cause === undefined ? [] : [{ cause }]),
  broken: () => new AIO_ERR_WS_BROKEN(),
  silent: milliseconds => new AIO_ERR_WS_HEARTBEAT(milliseconds),
  nothingReceived: milliseconds => new AIO_ERR_WS_RECEIVE_TIMEOUT(milliseconds),
  closeUnanswered: (_milliseconds, limit) => new AIO_ERR_WS_CLOSE_TIMEOUT(limit)
}
