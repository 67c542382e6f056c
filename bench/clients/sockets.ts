/**
 * Websocket clients that cost next to nothing: frames are made once, answers are counted by their bytes.
 *
 * `{ port, open }` opens so many, `{ seconds, inFlight }` keeps so many messages of 64 bytes on the way in each and
 * gives `{ rate, count }`, `{ churn }` opens and closes so many, `{ expect }` waits for so many messages; `{}` gives
 * `{ goodbyes, gone }`.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const handshake = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
  'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
// Text of 64 bytes, masked with zeros; its echo has no mask.
const message = Buffer.concat([Buffer.from([0x81, 0x80 | 64, 0, 0, 0, 0]), Buffer.alloc(64, 'x')])
const echoSize = 66
// 1001, masked with zeros
const goodbye = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 233])

const sockets: Socket[] = []
const heard = { bytes: 0, goodbyes: 0, gone: 0 }
let onBytes: (() => void) | undefined

async function open (port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  socket.write(handshake)
  const [answer] = await Promise.race([once(socket, 'data'), once(socket, 'close')])
  if (!String(answer).startsWith('HTTP/1.1 101')) throw new Error(`No websocket: ${String(answer)}`)
  return socket
}

/** So many, two hundred at a time. */
async function openAll (port: number, count: number): Promise<void> {
  const full = sockets.length + count
  while (sockets.length < full) {
    const some = Math.min(200, full - sockets.length)
    sockets.push(...await Promise.all(Array.from({ length: some }, () => open(port))))
  }
  for (const socket of sockets) {
    socket.removeAllListeners('data').on('data', data => {
      if (data[0] !== 0x88) {
        heard.bytes += data.length
        return onBytes?.()
      }
      heard.goodbyes += data.readUInt16BE(2) === 1001 ? 1 : 0
      socket.end(goodbye)
    })
    socket.once('close', () => { heard.gone += 1 })
  }
}

/** Until so many messages more have come. */
async function expect (messages: number): Promise<void> {
  await new Promise<void>(resolve => {
    onBytes = () => { if (heard.bytes >= messages * echoSize) resolve() }
    onBytes()
  })
  heard.bytes = 0
}

async function echo (inFlight: number, seconds: number): Promise<{ rate: number, count: number }> {
  const batch = Buffer.concat(Array.from({ length: inFlight }, () => message))
  let count = 0
  const begin = performance.now()
  await Promise.all(sockets.map(async socket => {
    let rest = 0
    let waiting = inFlight
    const finished = new Promise<void>(resolve => {
      socket.removeAllListeners('data').on('data', data => {
        rest += data.length
        const come = Math.floor(rest / echoSize)
        if (come === 0) return
        rest -= come * echoSize
        count += come
        waiting -= come
        if (performance.now() - begin < seconds * 1000) {
          socket.write(batch.subarray(0, come * message.length))
          waiting += come
        } else if (waiting === 0) {
          resolve()
        }
      })
    })
    socket.write(batch)
    await finished
  }))
  return { count, rate: count / (performance.now() - begin) * 1000 }
}

async function churn (port: number, count: number): Promise<number> {
  for (let done = 0; done < count; done += 100) {
    await Promise.all(Array.from({ length: 100 }, async () => {
      const socket = await open(port)
      const closed = once(socket, 'close')
      socket.resume().end(goodbye)
      await closed
    }))
  }
  return count
}

interface Order {
  port: number
  open?: number
  churn?: number
  expect?: number
  inFlight?: number
  seconds?: number
}

async function follow ({ port, inFlight = 1, ...order }: Order): Promise<unknown> {
  if (order.open !== undefined) return await openAll(port, order.open)
  if (order.churn !== undefined) return await churn(port, order.churn)
  if (order.expect !== undefined) return await expect(order.expect)
  return order.seconds === undefined ? heard : await echo(inFlight, order.seconds)
}

process.on('message', async (order: Order) => { process.send?.(await follow(order) ?? 0) })
process.on('disconnect', () => process.exit())
process.send?.({ port: 0 })
