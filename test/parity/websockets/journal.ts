/**
 * What the handlers of the twin saw, in the words of the recorded journals: class names are Python's.
 *
 * @module
 */

import { crc32 } from 'node:zlib'
import { WebSocketError, WSMsgType, type WebSocketResponse, type WSMessage } from '../../../plugins/websockets/index.ts'

/** Python's name of an error of ours, by its code or its name. */
const pythonNames: Record<string, string> = {
  AIO_ERR_ARGUMENT_INVALID: 'TypeError',
  AIO_ERR_OPTION_INVALID: 'ValueError',
  AIO_ERR_WS_BROKEN: 'ClientConnectionResetError',
  AIO_ERR_WS_CLOSED: 'RuntimeError',
  AIO_ERR_WS_CLOSE_TIMEOUT: 'TimeoutError',
  AIO_ERR_WS_HEARTBEAT: 'TimeoutError',
  AIO_ERR_WS_MESSAGE_TYPE: 'WSMessageTypeError',
  AIO_ERR_WS_NOT_PREPARED: 'RuntimeError',
  AIO_ERR_WS_PREPARED: 'RuntimeError',
  AIO_ERR_WS_RECEIVE_TIMEOUT: 'TimeoutError',
  AIO_ERR_WS_RECEIVING: 'RuntimeError',
  AIO_ERR_WS_STATUS: 'AssertionError',
  AIO_ERR_WS_WRITE: 'RuntimeError',
  AbortError: 'CancelledError',
  Error: 'RuntimeError',
  SyntaxError: 'JSONDecodeError'
}

/** The server side of one transcript. */
export class Journal {
  readonly events: string[] = []
  /** Whether the handler has ended. */
  handled = false
  /** Whether the connection is over, or the plain response sent. */
  finished = false
  ws: WebSocketResponse | undefined

  get done (): boolean {
    return this.handled && this.finished
  }

  note (event: string): void {
    this.events.push(event)
  }

  /** The state an application can read once the connection is gone. */
  final () {
    if (this.ws === undefined || !this.ws.prepared) return null
    const error = this.ws.exception()
    return {
      closed: this.ws.closed,
      closeCode: this.ws.closeCode,
      exception: error === null ? null : className(error)
    }
  }
}

/** `Class | message`; only the class is compared. */
export function failure (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const name = error instanceof WebSocketError ? `WebSocketError(${error.closeCode})` : className(error)
  return error.message === '' ? name : `${name} | ${error.message}`
}

function className (error: Error): string {
  if (error instanceof WebSocketError) return 'WebSocketError'
  const { code } = error as { code?: unknown }
  // Two classes there, one code here.
  if (code === 'AIO_ERR_WS_CLOSED' && !error.message.startsWith('Cannot receive')) return 'ClientConnectionResetError'
  return pythonNames[String(code)] ?? pythonNames[error.name] ?? error.name
}

/** A payload as it appears in a journal. */
export function shown (data: string | Buffer): string {
  const raw = Buffer.from(data)
  if (typeof data === 'string' ? raw.length <= 200 : raw.length <= 100) {
    return typeof data === 'string' ? JSON.stringify(data) : `0x${raw.toString('hex')}`
  }
  return `${raw.length} bytes, crc32 ${crc32(raw).toString(16).padStart(8, '0')}`
}

/** JSON without white space, keys sorted. */
export function tidy (value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1))
  })
}

/** A received message as it appears in a journal. */
export function described (message: WSMessage): string {
  switch (message.type) {
    case WSMsgType.TEXT: return `TEXT ${shown(message.data)}`
    case WSMsgType.BINARY: return `BINARY ${shown(message.data)}`
    case WSMsgType.PING: return `PING ${shown(message.data)}`
    case WSMsgType.PONG: return `PONG ${shown(message.data)}`
    case WSMsgType.CLOSE: return `CLOSE ${message.data} ${JSON.stringify(message.extra)}`
    case WSMsgType.CLOSING: return 'CLOSING'
    case WSMsgType.CLOSED: return 'CLOSED'
    case WSMsgType.ERROR: return `ERROR ${failure(message.data)}`
  }
}

/** A close code as it appears in a journal. */
export function number (code: number | null): string {
  return code === null ? '-' : String(code)
}
