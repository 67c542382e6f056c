/**
 * How a request is refused: with a status, in its turn, and with the end of its connection.
 *
 * @module
 */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { kConnection, type Connection, type SiteResponse } from './connections.ts'

/** How long a client has to read why it was refused before the connection is cut, in milliseconds. */
const LINGER = 500

/** Answers instead of the app; earlier requests of a pipeline are answered first, later ones not at all. */
export function refuse (response: SiteResponse, status: number): void {
  const { socket } = response.req
  const connection = socket[kConnection]
  if (connection !== undefined) connection.refused = true
  // Node would destroy the socket at once, and with it the answer, if the client were still sending.
  socket.destroySoon = () => closeGently(socket)
  const body = bodyOf(status)
  response.shouldKeepAlive = false
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close'
  })
  response.end(body)
}

/** The same where there is no response: after garbage, or where a protocol was to be switched. */
export function refuseRest (socket: Socket, connection: Connection, status: number): void {
  connection.refused = true
  const { newest } = connection
  if (newest === null || newest.writableFinished) return answerRest(socket, status)
  // The last request before it is whole, and answered as if nothing had come after it.
  if (newest.req.complete) newest.once('close', () => answerRest(socket, status))
  else if (!newest.headersSent) refuse(newest, status)
  else if (newest.writableEnded) newest.once('close', () => closeGently(socket))
  // A body that breaks off is seen as broken off.
  else socket.destroy()
}

/** Closes a connection, and reads until the client has closed it, too: unread bytes would reset it. */
export function closeGently (socket: Socket): void {
  const connection = socket[kConnection]
  const transport = connection?.transport ?? socket
  if (connection !== undefined) connection.ending = true
  socket.on('error', () => {})
  socket.end()
  socket.resume()
  const timer = setTimeout(() => transport.destroy(), LINGER).unref()
  transport.once('close', () => clearTimeout(timer))
}

function answerRest (socket: Socket, status: number): void {
  if (status !== 0 && socket.writable) socket.write(asText(status))
  closeGently(socket)
}

/** A whole answer, as it stands on the wire. */
function asText (status: number): string {
  const body = bodyOf(status)
  return `HTTP/1.1 ${body.replace(':', '')}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
}

/** The text of HTTP exceptions. */
function bodyOf (status: number): string {
  return `${status}: ${STATUS_CODES[status]}`
}
