/**
 * The ways to receive from a websocket, aiohttp's names: by type, as JSON, in a loop.
 *
 * @module
 */

import { AIO_ERR_WS_MESSAGE_TYPE } from '../errors.ts'
import { typeName, WSMsgType, type WSMessage } from './message.ts'
import type { ReceiveOptions } from './options.ts'
import { WebSocketSender } from './sender.ts'

/** What a loop over a websocket gets. */
export type MessageResult = IteratorResult<WSMessage, undefined>

/** What receives as well as sends; where the messages come from is the subclass's. */
export abstract class WebSocketReceiver extends WebSocketSender implements AsyncIterable<WSMessage> {
  /** The next message. */
  abstract receive (options?: ReceiveOptions | number | null): Promise<WSMessage>

  /** The next message for a loop, made with `toResult()`. */
  protected abstract nextResult (): Promise<MessageResult>

  /** The next message, which must be text. @throws AIO_ERR_WS_MESSAGE_TYPE and what `receive()` throws */
  async receiveStr (options?: ReceiveOptions | number | null): Promise<string> {
    const message = await this.receive(options)
    if (message.type === WSMsgType.TEXT) return String(message.data)
    throw new AIO_ERR_WS_MESSAGE_TYPE(typeName(message.type), 'TEXT')
  }

  /** The next message, which must be binary. @throws AIO_ERR_WS_MESSAGE_TYPE and what `receive()` throws */
  async receiveBytes (options?: ReceiveOptions | number | null): Promise<Buffer> {
    const message = await this.receive(options)
    if (message.type === WSMsgType.BINARY) return message.data
    throw new AIO_ERR_WS_MESSAGE_TYPE(typeName(message.type), 'BINARY')
  }

  /** The next message, which must be JSON in text. @throws SyntaxError and what `receiveStr()` throws */
  async receiveJson<Value = unknown> (options?: ReceiveOptions | number | null): Promise<Value> {
    return JSON.parse(await this.receiveStr(options))
  }

  /** Every message until the connection closes; ERROR is one of them. */
  [Symbol.asyncIterator] (): AsyncIterator<WSMessage, undefined> {
    return { next: () => this.nextResult() }
  }
}

/** A message as a loop sees it: what tells of the end ends it. */
export function toResult (value: WSMessage): MessageResult {
  const { type } = value
  const ended = type === WSMsgType.CLOSE || type === WSMsgType.CLOSING || type === WSMsgType.CLOSED
  return ended ? { done: true, value: undefined } : { done: false, value }
}
