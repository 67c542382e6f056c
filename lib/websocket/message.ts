/**
 * What is received over a websocket: message types, close codes and the message object.
 *
 * Numbers and names are aiohttp's (`WSMsgType`, `WSCloseCode`, `WSMessage`).
 *
 * @module
 */

import { AIO_ERR_WS_MESSAGE_TYPE } from '../errors.ts'

/** Kinds of messages; those above 255 never travel, they tell the receiver how the connection ended. */
export const WSMsgType = {
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10,
  /** The own side has started to close while somebody was receiving. */
  CLOSING: 256,
  /** There is nothing more to receive. */
  CLOSED: 257,
  /** The connection failed; `data` is the error. */
  ERROR: 258
} as const

export type WSMsgType = typeof WSMsgType[keyof typeof WSMsgType]

/** Close codes of RFC 6455, section 7.4.1, and those registered since. */
export const WSCloseCode = {
  OK: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  /** Never sent: the peer closed without a code. */
  NO_STATUS_RECEIVED: 1005,
  /** Never sent: the connection ended without a close frame. */
  ABNORMAL_CLOSURE: 1006,
  INVALID_TEXT: 1007,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  MANDATORY_EXTENSION: 1010,
  INTERNAL_ERROR: 1011,
  SERVICE_RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
  BAD_GATEWAY: 1014
} as const

export type WSCloseCode = typeof WSCloseCode[keyof typeof WSCloseCode]

/** What `data` of a message is, by its type. */
interface MessageData {
  [WSMsgType.TEXT]: string | Buffer
  [WSMsgType.BINARY]: Buffer
  [WSMsgType.CLOSE]: number
  [WSMsgType.PING]: Buffer
  [WSMsgType.PONG]: Buffer
  [WSMsgType.CLOSING]: null
  [WSMsgType.CLOSED]: null
  [WSMsgType.ERROR]: Error
}

/** One message; compare `type` and TypeScript knows `data`. */
export type WSMessage = { [Type in WSMsgType]: Message<Type> }[WSMsgType]

/** A message as it was received; see `WSMessage`. */
export class Message<Type extends WSMsgType = WSMsgType> {
  readonly type: Type
  /** Text, bytes, the close code or the error; text is a Buffer only with `decodeText: false`. */
  readonly data: MessageData[Type]
  /** The reason of a CLOSE, otherwise empty. */
  readonly extra: string

  constructor (type: Type, data: MessageData[Type], extra = '') {
    this.type = type
    this.data = data
    this.extra = extra
  }

  /**
   * The text or bytes parsed as JSON.
   *
   * @throws AIO_ERR_WS_MESSAGE_TYPE on other messages, SyntaxError on text that is no JSON
   */
  json<Value = unknown> (): Value {
    const { data } = this
    if (typeof data === 'string' || Buffer.isBuffer(data)) return JSON.parse(String(data))
    throw new AIO_ERR_WS_MESSAGE_TYPE(typeName(this.type), 'TEXT or BINARY')
  }
}

/** The name of a message type, for errors. */
export function typeName (type: WSMsgType): string {
  return Object.entries(WSMsgType).find(([, value]) => value === type)?.[0] ?? String(type)
}
