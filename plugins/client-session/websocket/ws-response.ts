/**
 * aiohttp's ClientWebSocketResponse: an open websocket of a client, with the messages of the server's.
 *
 * @module
 */

import { AIO_ERR_WS_RECEIVE_TIMEOUT, AIO_ERR_WS_CLOSE_TIMEOUT } from '../../../lib/errors.ts'
import { WebSocketConnection } from '../../../lib/websocket/connection.ts'
import { WebSocketError } from '../../../lib/websocket/errors.ts'
import type { Failures } from '../../../lib/websocket/failures.ts'
import { WSCloseCode } from '../../../lib/websocket/message.ts'
import type { FrameSocket } from '../../../lib/websocket/socket.ts'
import { ClientConnectionResetError, ServerTimeoutError } from '../errors.ts'
import type { ClientResponse } from '../response/response.ts'
import type { ResolvedWsOptions } from './ws-options.ts'

/** Those of a server, in the client's classes. */
const clientFailures: Failures = {
  closed: (action, cause) => new ClientConnectionResetError(`Cannot ${action}: the websocket is closed`, { cause }),
  broken: () => new ClientConnectionResetError('The connection ended without a close frame'),
  silent: milliseconds => new ServerTimeoutError(`No PONG received after ${milliseconds} ms`),
  nothingReceived: milliseconds => new AIO_ERR_WS_RECEIVE_TIMEOUT(milliseconds),
  closeUnanswered: (milliseconds, limit) => milliseconds < limit - 5
    ? new ClientConnectionResetError('The connection ended without an answer to the close frame')
    : new AIO_ERR_WS_CLOSE_TIMEOUT(limit)
}

/** What `session.wsConnect()` resolves with; `await using` closes it. */
export class ClientWebSocketResponse extends WebSocketConnection<ResolvedWsOptions> {
  /** The answer to the handshake: its headers, its URL, the redirects that led there. */
  readonly response: ClientResponse
  /** Whether each message that is sent is compressed on its own. */
  readonly clientNoTakeover: boolean

  constructor (
    options: ResolvedWsOptions, response: ClientResponse, socket: FrameSocket, clientNoTakeover: boolean
  ) {
    super(options)
    this.response = response
    this.clientNoTakeover = clientNoTakeover
    this.attach(socket)
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.close()
  }

  /** The error that ended the connection, or `null`; what the server did wrong is in the ERROR message. */
  override exception (): Error | null {
    const error = super.exception()
    return error instanceof WebSocketError ? null : error
  }

  protected override get failures (): Failures {
    return clientFailures
  }

  /** The server hears that all is well, whatever it said itself. */
  protected override answerTo (): number {
    return WSCloseCode.OK
  }

  protected override codeAfter (error: Error): number {
    return error instanceof WebSocketError ? error.closeCode : WSCloseCode.ABNORMAL_CLOSURE
  }
}
