/**
 * Conversations over a client websocket.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientSession, ClientWebSocketResponse } from '../../../plugins/client-session/index.ts'
import { WSMsgType, type WSMessage } from '../../../plugins/websockets/index.ts'
import { checkKeys, UnknownInCase, type Spec } from './case.ts'
import { namesOf, showError } from './failure.ts'
import { auth, inMilliseconds, named, pairs, seconds, translate, type Trust } from './options.ts'
import { bytesOf, scalar, showBytes, showText } from './values.ts'

/** Opens a websocket and holds the conversation of its script. */
export async function converse (session: ClientSession, step: Spec, trust: Trust, signal: AbortSignal): Promise<Spec> {
  const { op, session: _name, url, script = [], context, as, ...rest } = step
  const options = translate('option of ws_connect', rest, {
    method: named('method'),
    protocols: named('protocols'),
    receive_timeout: seconds('receiveTimeout'),
    autoclose: named('autoclose'),
    autoping: named('autoping'),
    heartbeat: seconds('heartbeat'),
    origin: named('origin'),
    params: named('params'),
    proxy: named('proxy'),
    proxy_auth: auth('proxyAuth'),
    compress: named('compress'),
    max_msg_size: named('maxMsgSize'),
    server_hostname: named('serverHostname'),
    decode_text: named('decodeText'),
    headers: pairs('headers'),
    ssl: trust.translate,
    auth: auth('auth'),
    timeout: spec => ['timeout', translate('limit of a websocket', spec as Spec, {
      ws_receive: seconds('receive'), ws_close: seconds('close')
    })]
  })
  const ws = await session.wsConnect(String(url), { ...options, signal })
  const said: unknown[] = []
  for (const each of script as Spec[]) {
    said.push(await say(ws, each).catch((error: unknown) => ({ error: showError(error) })))
  }
  if (context === true) await ws.close()
  const { protocol, compress, clientNoTakeover } = ws
  return { protocol, compress, client_notakeover: clientNoTakeover, script: said, end: stateOf(ws) }
}

type Saying = (ws: ClientWebSocketResponse, step: Spec) => unknown

const sayings: Readonly<Record<string, Saying>> = {
  send_str: async (ws, step) => done(await ws.sendStr(scalar(step.send_str) as string, sendOptions(step))),
  async send_bytes (ws, step) {
    const value = step.as_is === true ? step.send_bytes : bytesOf(step.send_bytes)
    return done(await ws.sendBytes(value as Buffer, sendOptions(step)))
  },
  send_json: async (ws, { send_json: value }) => done(await ws.sendJson(value)),
  ping: async (ws, { ping }) => done(await ws.ping(String(ping))),
  pong: async (ws, { pong }) => done(await ws.pong(String(pong))),
  receive: async (ws, step) => showMessage(await ws.receive(receiveOptions(step))),
  async receive_str (ws, step) {
    const data: string | Buffer = await ws.receiveStr(receiveOptions(step))
    return typeof data === 'string' ? showText(data) : showBytes(data)
  },
  receive_bytes: async (ws, step) => showBytes(await ws.receiveBytes(receiveOptions(step))),
  receive_json: (ws, step) => ws.receiveJson(receiveOptions(step)),
  async iterate (ws) {
    const messages = []
    for await (const message of ws) messages.push(showMessage(message))
    return messages
  },
  close: (ws, { close }) => ws.close(close === true ? {} : close as object),
  state: ws => stateOf(ws),
  sleep: (_ws, { sleep: ms }) => sleep(Number(ms), null),
  async receive_then_close (ws) {
    const waiting = ws.receive()
    await sleep(20)
    const closed = await ws.close()
    return { received: showMessage(await waiting), closed }
  },
  async two_receivers (ws) {
    const given = new AbortController()
    ws.receive({ signal: given.signal }).catch(() => {})
    await sleep(20)
    try {
      await ws.receive()
    } finally {
      given.abort()
    }
    return null
  }
}

async function say (ws: ClientWebSocketResponse, step: Spec): Promise<unknown> {
  const name = Object.keys(sayings).find(name => name in step)
  if (name === undefined) throw new UnknownInCase('websocket step', step)
  checkKeys(`option of the websocket step ${name}`, step, [name, 'timeout', 'compress', 'as_is'])
  return await sayings[name]!(ws, step)
}

function sendOptions ({ compress }: Spec): { compress?: boolean } {
  return compress == null ? {} : { compress: Boolean(compress) }
}

function receiveOptions ({ timeout }: Spec): number | undefined {
  return timeout === undefined ? undefined : inMilliseconds(timeout) as number
}

function done (_nothing: unknown): null {
  return null
}

function stateOf (ws: ClientWebSocketResponse): Spec {
  const failure = ws.exception()
  return {
    closed: ws.closed,
    close_code: ws.closeCode,
    ...(failure !== null && { exception: { is: namesOf(failure) } })
  }
}

function showMessage (message: WSMessage): Spec {
  const type = Object.entries(WSMsgType).find(([, value]) => value === message.type)?.[0]
  return { type, data: showData(message.data), ...(message.extra !== '' && { extra: message.extra }) }
}

function showData (data: WSMessage['data']): unknown {
  if (data instanceof Uint8Array) return showBytes(data)
  if (typeof data === 'string') return showText(data)
  if (!(data instanceof Error)) return data
  const { closeCode } = data as { closeCode?: number }
  return { error: { ...showError(data), ...(closeCode !== undefined && { code: closeCode }) } }
}
