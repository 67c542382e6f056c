/**
 * A server that costs next to nothing, so that a client is the slower one: answers every request with the same JSON.
 *
 * Tells its port over IPC.
 */

import { createServer, type AddressInfo } from 'node:net'

const body = JSON.stringify({ id: 1, question: 'What is new?', choices: ['Not much', 'The sky', 'Just hacking again'] })
const answer = 'HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n' +
  `Content-Length: ${body.length}\r\nDate: Sat, 21 Nov 2026 08:00:00 GMT\r\nConnection: keep-alive\r\n\r\n${body}`

const server = createServer({ noDelay: true }, socket => {
  let seen = ''
  socket.on('data', data => {
    seen += data.toString('latin1')
    const end = seen.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = Number(/content-length: *(\d+)/i.exec(seen.slice(0, end))?.[1] ?? 0)
    if (seen.length < end + 4 + length) return
    // Nobody who measures here sends the next request before the answer.
    seen = ''
    socket.write(answer)
  })
  socket.on('error', () => {})
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
