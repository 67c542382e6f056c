/**
 * The sending methods of a websocket, aiohttp's names.
 *
 * @module
 */

import { isUtf8 } from 'node:buffer'
import { AIO_ERR_ARGUMENT_INVALID, AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_WRITE } from '../errors.ts'
import { describe } from '../options.ts'
import { WSMsgType } from './message.ts'
import type { Outbox, SendOptions, Write } from './outbox.ts'
import { isBytes, type Bytes } from './writer.ts'

/** How a value is sent as JSON. */
export interface SendJsonBytesOptions extends SendOptions {
  /**
   * Makes the bytes.
   *
   * @default JSON.stringify, in UTF-8
   */
  dumps?: (data: unknown) => Uint8Array | undefined
}

/** What sends; where it sends to is the subclass's. */
export abstract class WebSocketSender {
  /** `undefined` until the connection is open. */
  protected abstract readonly outbox: Outbox | undefined

  /**
   * Sends text. Resolves at once while less than `writerLimit` bytes wait, otherwise when the socket has taken
   * it. A rejection because the connection has closed may be left unhandled.
   *
   * @throws AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_CLOSED, AIO_ERR_ARGUMENT_INVALID
   */
  sendStr (data: string, options?: SendOptions): Promise<void> {
    if (typeof data !== 'string') return wrongData('data', 'sendStr()', 'a string', data)
    return this.#message(data, data.length, false, options)
  }

  /** Sends bytes, which must not be changed until the promise is settled. As `sendStr()`. */
  sendBytes (data: Bytes, options?: SendOptions): Promise<void> {
    if (!isBytes(data)) return wrongData('data', 'sendBytes()', 'a Buffer, Uint8Array or ArrayBuffer', data)
    return this.#message(data, data.byteLength, true, options)
  }

  /** Sends a value as JSON text. As `sendStr()`. */
  sendJson (data: unknown, options?: SendOptions): Promise<void> {
    const text: string | undefined = JSON.stringify(data)
    if (text === undefined) return wrongData('data', 'sendJson()', 'a value with a JSON form', data)
    return this.sendStr(text, options)
  }

  /** Sends a value as JSON in a binary message. As `sendStr()`. */
  sendJsonBytes (data: unknown, { dumps = toJson, ...options }: SendJsonBytesOptions = {}): Promise<void> {
    const bytes: unknown = dumps(data)
    if (!isBytes(bytes)) return wrongData('data', 'sendJsonBytes()', 'a value with a JSON form', data)
    return this.sendBytes(bytes, options)
  }

  /**
   * Sends one whole frame: `WSMsgType` TEXT, BINARY, PING or PONG. Text must be UTF-8. As `sendStr()`.
   *
   * Close frames are `close()`'s; fragments are not sent.
   */
  sendFrame (
    data: string | Bytes, opcode: number = WSMsgType.BINARY, options?: SendOptions
  ): Promise<void> {
    if (opcode === WSMsgType.PING) return this.#control('ping', data)
    if (opcode === WSMsgType.PONG) return this.#control('pong', data)
    if (opcode !== WSMsgType.TEXT && opcode !== WSMsgType.BINARY) {
      return wrongData('opcode', 'sendFrame()', '1 (TEXT), 2 (BINARY), 9 (PING) or 10 (PONG)', opcode)
    }
    const fits = typeof data === 'string' || (isBytes(data) && (opcode === WSMsgType.BINARY || isUtf8(data)))
    if (!fits) return wrongData('data', 'sendFrame()', 'a string or bytes, UTF-8 if sent as text', data)
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    return this.#message(bytes, bytes.byteLength, opcode === WSMsgType.BINARY, options)
  }

  /** Sends a PING with at most 125 bytes. As `sendStr()`. */
  ping (data: string | Bytes = ''): Promise<void> {
    return this.#control('ping', data)
  }

  /** Sends a PONG with at most 125 bytes. As `sendStr()`. */
  pong (data: string | Bytes = ''): Promise<void> {
    return this.#control('pong', data)
  }

  /** A websocket is no stream. @throws AIO_ERR_WS_WRITE */
  async write (_data: unknown): Promise<never> {
    throw new AIO_ERR_WS_WRITE()
  }

  #message (data: string | Bytes, bytes: number, binary: boolean, options?: SendOptions): Promise<void> {
    const compress = options?.compress ?? true
    return this.#send('send', bytes, (socket, sent) => {
      socket.send(data, { binary, compress }, sent)
    })
  }

  #control (action: 'ping' | 'pong', data: string | Bytes): Promise<void> {
    const fits = typeof data === 'string' ? Buffer.byteLength(data) <= 125 : isBytes(data) && data.byteLength <= 125
    if (!fits) return wrongData('data', `${action}()`, 'a string or bytes, at most 125 bytes', data)
    return this.#send(action, 0, (socket, sent) => socket[action](data, sent))
  }

  #send (action: string, bytes: number, write: Write): Promise<void> {
    const { outbox } = this
    if (outbox === undefined) return Promise.reject(new AIO_ERR_WS_NOT_PREPARED(action))
    return outbox.send(action, bytes, write)
  }
}

function toJson (data: unknown): Uint8Array | undefined {
  const text: string | undefined = JSON.stringify(data)
  return text === undefined ? undefined : Buffer.from(text)
}

function wrongData (argument: string, where: string, expected: string, value: unknown): Promise<never> {
  return Promise.reject(new AIO_ERR_ARGUMENT_INVALID(argument, where, expected, describe(value)))
}
