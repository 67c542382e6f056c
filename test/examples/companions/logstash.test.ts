/** The log of examples/companions/logstash.ts, read by a TCP listener as Logstash's json_lines codec reads it. */

import { on, once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { LogstashLines } from '../../../examples/companions/logstash-lines.ts'
import createApp from '../../../examples/companions/logstash.ts'
import { testClient, unusedPort } from '../../../plugins/testing/index.ts'

/** Every line that comes, over however many connections. */
async function listen (t: Test, port = 0) {
  const sockets = new Set<Socket>()
  const server = net.createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    createInterface(socket).on('line', line => server.emit('line', line))
  })
  const lines = on(server, 'line')
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    for (const socket of sockets) socket.resetAndDestroy()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  }
  t.teardown(close)
  return {
    port: (server.address() as AddressInfo).port,
    close,
    next: async (): Promise<string> => (await lines.next()).value[0]
  }
}

t.test('the log is JSON objects in Logstash\'s words, up to the last line', async t => {
  const { port, next } = await listen(t)
  const client = await testClient(await createApp(`tcp://127.0.0.1:${port}`))
  t.capture(process.stdout, 'write', () => true)
  await client.get('/')
  await client.close()

  let event
  do event = JSON.parse(await next())
  while (event.message !== 'somebody wants tea')
  t.match(event, { '@version': '1', type: 'shop', level: 'info', tea: 'green', reqId: String })
  t.match(event['@timestamp'], /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  while (event.message !== 'request completed') event = JSON.parse(await next())
  t.equal(event.res.statusCode, 200)
})

t.test('lines written while Logstash is away are sent when it is there, in order', async t => {
  const port = await unusedPort()
  const lines = new LogstashLines(`tcp://127.0.0.1:${port}`)
  for (let index = 0; index < 1_000; index++) lines.write(`${index}\n`)
  const first = await listen(t, port)
  for (let index = 0; index < 1_000; index++) t.equal(await first.next(), String(index))

  await first.close()
  const second = await listen(t, port)
  // A line that was written before the break was noticed may be lost; those after it are not.
  let count = 0
  const written = setInterval(() => lines.write(`again ${count++}\n`), 5)
  const got = Number((await second.next()).slice('again '.length))
  clearInterval(written)
  lines.write('last\n')
  for (let index = got + 1; index < count; index++) t.equal(await second.next(), `again ${index}`)
  t.equal(await second.next(), 'last')
  await lines.close()
  t.equal(lines.dropped, 0)
})

t.test('of too many lines the oldest are dropped, and nobody waits for a Logstash that is away', async t => {
  const lines = new LogstashLines(`tcp://127.0.0.1:${await unusedPort()}`, 100)
  for (let index = 0; index < 1_000; index++) lines.write(`${index}\n`)

  t.ok(lines.dropped >= 900 && lines.dropped < 920, `${lines.dropped}`)
  await lines.close(20)
})
