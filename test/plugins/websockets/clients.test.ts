/** Conversations with clients of others: aiohttp's own, a browser, ws. */

import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { WebSocketResponse } from '../../../plugins/websockets/index.ts'
import { buildApp, open, serve } from './helper.ts'

const python = process.env.TEST_AIOHTTP_PYTHON ?? '/usr/bin/python3'
const noAiohttp = spawnSync(python, ['-c', 'import aiohttp']).status !== 0 && `${python} has no aiohttp`
const chromium = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium'
const noBrowser = !existsSync(chromium) && `${chromium} is not there`

async function echo (ws: WebSocketResponse): Promise<void> {
  for await (const message of ws) {
    if (typeof message.data === 'string') await ws.sendStr(message.data)
    else if (Buffer.isBuffer(message.data)) await ws.sendBytes(message.data)
  }
}

interface End {
  readonly closeCode: number | null
  readonly exception: Error | null
}

async function buildServer (t: Test): Promise<{ app: FastifyInstance, port: number, ends: End[] }> {
  const app = await buildApp(t)
  const ends: End[] = []
  app.websocket('/echo', { protocols: ['chat'] }, async ws => {
    await echo(ws)
    ends.push({ closeCode: ws.closeCode, exception: ws.exception() })
  })
  app.websocket('/close', async ws => {
    await ws.close({ code: 4002, message: 'server\'s turn' })
    ends.push({ closeCode: ws.closeCode, exception: ws.exception() })
  })
  app.get('/', async (_request, reply) => reply.type('text/html').send('<!doctype html><title>page</title>'))
  return { app, port: await serve(app), ends }
}

t.test('aiohttp\'s client holds a conversation, compressed and plain', { skip: noAiohttp, timeout: 60_000 }, async t => {
  for (const compress of [0, 15]) {
    const { port, ends } = await buildServer(t)
    const script = fileURLToPath(new URL('aiohttp-client.py', import.meta.url))
    const { stdout } = await promisify(execFile)(python, [script, `http://127.0.0.1:${port}`, String(compress)])

    t.same(JSON.parse(stdout), {
      protocol: 'chat',
      compress,
      text: 'grüße',
      binary: true,
      json: { a: [1, null] },
      large: 1_048_576,
      close: 4001,
      closed: ['CLOSE', 4002, 'server\'s turn']
    })
    // This aiohttp ends TCP with its own close frame.
    t.match(ends, [{ closeCode: 4001, exception: null }, {}])
  }
})

t.test('a browser holds a conversation with its own host only', { skip: noBrowser, timeout: 90_000 }, async t => {
  const { port, ends } = await buildServer(t)
  const { chromium: browserType } = await import('playwright-core')
  const browser = await browserType.launch({ executablePath: chromium, args: ['--no-sandbox'] })
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${port}/`)

  // As text, for the compiler knows no browser.
  const seen = await page.evaluate(`(async () => {
    const seen = {}
    const talk = (url, steps) => new Promise(resolve => {
      const ws = new WebSocket(url, 'chat')
      ws.binaryType = 'arraybuffer'
      const waiting = []
      ws.onmessage = ({ data }) => waiting.shift()(data)
      ws.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean })
      ws.onopen = () => steps?.(ws, data => { ws.send(data); return new Promise(resolve => waiting.push(resolve)) })
    })
    const url = 'ws://' + location.host
    seen.close = await talk(url + '/echo', async (ws, ask) => {
      seen.protocol = ws.protocol
      seen.extensions = ws.extensions
      seen.text = await ask('grüße')
      seen.binary = [...new Uint8Array(await ask(new Uint8Array([0, 255])))]
      seen.large = (await ask('x'.repeat(1048576))).length
      ws.close(4001, 'enough')
    })
    seen.closed = await new Promise(resolve => {
      new WebSocket(url + '/close').onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean })
    })
    seen.foreign = await talk(url.replace('127.0.0.1', 'localhost') + '/echo')
    return seen
  })()`)
  t.match(seen, {
    protocol: 'chat',
    extensions: 'permessage-deflate',
    text: 'grüße',
    binary: [0, 255],
    large: 1_048_576,
    close: { code: 4001, wasClean: true },
    closed: { code: 4002, reason: 'server\'s turn', wasClean: true },
    foreign: { code: 1006, wasClean: false }
  })
  t.match(ends, [{ closeCode: 4001, exception: null }, { exception: null }])
})

t.test('ws holds a conversation: fragments, 1 MiB, both compressed and plain', async t => {
  const { port, ends } = await buildServer(t)
  for (const perMessageDeflate of [false, true]) {
    const client = await open(t, port, '/echo', ['chat'], { perMessageDeflate })
    for (const part of ['frag', 'ments', ' of one']) client.ws.send(part, { fin: false })
    client.ws.send(' message', { fin: true })
    t.equal(await client.next(), 'fragments of one message')
    const large = Buffer.alloc(1_048_576, 'y')
    t.same(await client.ask(large), large)

    client.ws.close(4001, 'enough')
    t.equal((await client.closed).code, 4001)
  }
  t.match(ends, [{ closeCode: 4001 }, { closeCode: 4001 }])
})
