/** Conversations of the client's websocket with servers of others: the websockets package of Python, aiohttp. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { ClientSession, WSMsgType } from '../../../../plugins/client-session/index.ts'

const python = process.env.TEST_AIOHTTP_PYTHON ?? '/usr/bin/python3'
const script = fileURLToPath(new URL('../../../fixtures/websocket-servers.py', import.meta.url))

/** Gives the server's port. */
async function start (t: Test, kind: string): Promise<number> {
  const child = spawn(python, [script, kind], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(async () => {
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'exit')
  })
  const [port] = await once(child.stdout, 'data')
  return Number(port)
}

for (const kind of ['websockets', 'aiohttp']) {
  const missing = spawnSync(python, ['-c', `import ${kind}`]).status !== 0 && `${python} has no ${kind}`

  for (const compress of [false, true]) {
    const how = compress ? 'compressed' : 'plain'
    t.test(`${kind} holds a ${how} conversation`, { skip: missing, timeout: 30_000 }, async t => {
      const port = await start(t, kind)
      await using session = new ClientSession()
      const ws = await session.wsConnect(`ws://127.0.0.1:${port}/echo`, { protocols: ['v2', 'chat'], compress })

      t.equal(ws.protocol, 'chat')
      t.equal(ws.compress > 0, compress)
      const large = 'é'.repeat(500_000)
      for (const text of ['', 'hello', 'hello', large]) {
        await ws.sendStr(text)
        t.ok(await ws.receiveStr() === text, `${text.length} characters`)
      }
      const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index & 255))
      await ws.sendBytes(bytes)
      t.ok(bytes.equals(await ws.receiveBytes()), 'bytes')
      await Promise.all(Array.from({ length: 200 }, (_, n) => ws.sendJson({ n })))
      for (let n = 0; n < 200; n++) t.same(await ws.receiveJson(), { n })
      t.equal(await ws.close({ code: 4000, message: 'done' }), true)
      // aiohttp answers with a code of its own.
      t.equal(ws.closeCode, kind === 'aiohttp' ? 1000 : 4000)
      t.equal(ws.exception(), null)
    })
  }

  t.test(`${kind} closes with its own code`, { skip: missing, timeout: 30_000 }, async t => {
    const port = await start(t, kind)
    await using session = new ClientSession()
    const ws = await session.wsConnect(`http://127.0.0.1:${port}/close`)

    const { type, data, extra } = await ws.receive()

    t.same({ type, data, extra }, { type: WSMsgType.CLOSE, data: 4001, extra: 'bye é' })
    t.ok(ws.closed)
  })

  t.test(`${kind} answers pings, and a heartbeat leaves it alone`, { skip: missing, timeout: 30_000 }, async t => {
    const port = await start(t, kind)
    await using session = new ClientSession()
    await using ws = await session.wsConnect(`http://127.0.0.1:${port}/echo`, { autoping: false, heartbeat: 10_000 })

    await ws.ping('are you there')

    const { type, data } = await ws.receive()
    t.equal(type, WSMsgType.PONG)
    t.equal(String(data), 'are you there')
  })
}
