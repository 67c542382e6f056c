/**
 * The endpoints of the twin: each is one way of using `WebSocketResponse`.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Response } from '../../../plugins/responses/index.ts'
import {
  WebSocketResponse, WSCloseCode, WSMsgType, type WebSocketOptions
} from '../../../plugins/websockets/index.ts'
import { serveCommands } from './commands.ts'
import { described, failure, number, shown, tidy, Journal } from './journal.ts'
import { answer, mishap } from './mishap.ts'

type Query = Record<string, string | undefined>
type Endpoint = (request: FastifyRequest, journal: Journal) => Promise<unknown>

const switches = { autoclose: 'autoclose', autoping: 'autoping', compress: 'compress', decode_text: 'decodeText' }
const seconds = { timeout: 'timeout', receive_timeout: 'receiveTimeout', heartbeat: 'heartbeat' }

/** The options of the endpoint, then those of the query. */
function options (request: FastifyRequest, preset: WebSocketOptions = {}): WebSocketOptions {
  const query = request.query as Query
  const chosen: Record<string, unknown> = { timeout: 1000, origins: '*', ...preset }
  for (const [name, option] of Object.entries(seconds)) {
    if (query[name] !== undefined) chosen[option] = Number(query[name]) * 1000
  }
  for (const [name, option] of Object.entries(switches)) {
    if (query[name] !== undefined) chosen[option] = query[name] === '1'
  }
  if (query.max_msg_size !== undefined) chosen.maxMsgSize = Number(query.max_msg_size)
  if (query.protocols !== undefined) chosen.protocols = query.protocols.split(',')
  return chosen
}

async function openSocket (
  request: FastifyRequest, journal: Journal, preset?: WebSocketOptions
): Promise<WebSocketResponse> {
  const ws = journal.ws = new WebSocketResponse(options(request, preset))
  await ws.prepare(request)
  journal.note(`prepared protocol=${ws.protocol ?? '-'} compress=${ws.compress}`)
  return ws
}

async function echoLoop (ws: WebSocketResponse, journal: Journal): Promise<void> {
  for await (const message of ws) {
    journal.note(`recv ${described(message)}`)
    if (message.type !== WSMsgType.TEXT && message.type !== WSMsgType.BINARY) continue
    if (typeof message.data === 'string') await ws.sendStr(message.data)
    else await ws.sendBytes(message.data)
  }
  journal.note('loop ended')
}

function echo (preset?: WebSocketOptions): Endpoint {
  return async (request, journal) => {
    const ws = await openSocket(request, journal, preset)
    await echoLoop(ws, journal)
    return ws
  }
}

/** Says who is chosen, then as /echo. */
async function protocols (request: FastifyRequest, journal: Journal) {
  const ws = await openSocket(request, journal, { protocols: ['chat', 'superchat'] })
  await ws.sendStr(`protocol ${ws.protocol ?? '-'}`)
  await echoLoop(ws, journal)
  return ws
}

/** Answers for ever, with errors that nobody catches. */
function typed (answerOne: (ws: WebSocketResponse, journal: Journal) => Promise<void>): Endpoint {
  return async (request, journal) => {
    const ws = await openSocket(request, journal)
    for (;;) await answerOne(ws, journal)
  }
}

const asJson = typed(async (ws, journal) => {
  const data = await ws.receiveJson()
  journal.note(`json ${tidy(data)}`)
  await ws.sendJson({ got: data })
})

const receiveStr = typed(async (ws, journal) => {
  const text = await ws.receiveStr()
  journal.note(`str ${shown(text)}`)
  await ws.sendStr(text.toUpperCase())
})

const receiveBytes = typed(async (ws, journal) => {
  const data = await ws.receiveBytes()
  journal.note(`bytes ${shown(data)}`)
  await ws.sendBytes(Buffer.from(data).reverse())
})

/** Pings and pongs reach the handler and nobody answers. */
async function manualPing (request: FastifyRequest, journal: Journal) {
  const ws = await openSocket(request, journal, { autoping: false })
  for await (const message of ws) {
    journal.note(`recv ${described(message)}`)
    await ws.sendStr(described(message))
  }
  journal.note('loop ended')
  return ws
}

/** The reason of the client's close frame decides how the handler answers it. */
async function manualClose (request: FastifyRequest, journal: Journal) {
  const ws = await openSocket(request, journal, { autoclose: false })
  for (;;) {
    const message = await ws.receive()
    journal.note(`recv ${described(message)}`)
    if (message.type === WSMsgType.TEXT) {
      await ws.sendStr(String(message.data))
      continue
    }
    if (message.type !== WSMsgType.CLOSE) return ws
    journal.note(`closed=${ws.closed} close_code=${number(ws.closeCode)}`)
    if (message.extra === 'return') return ws
    if (message.extra === 'late') await ws.sendStr('one more thing')
    journal.note(`close() -> ${await ws.close({ code: 4001, message: 'manual' })}`)
    return ws
  }
}

/** Two timeouts are reported, the third closes. */
async function receiveTimeout (request: FastifyRequest, journal: Journal) {
  const ws = await openSocket(request, journal, { receiveTimeout: 300 })
  for (let misses = 0; ;) {
    const message = await ws.receive().catch(() => null)
    if (message === null) {
      journal.note(`timeout ${++misses}`)
      if (misses === 3) {
        await ws.close({ code: WSCloseCode.GOING_AWAY, message: 'idle' })
        return ws
      }
      await ws.sendStr(`timeout ${misses}`)
      continue
    }
    journal.note(`recv ${described(message)}`)
    if (message.type !== WSMsgType.TEXT) return ws
    await ws.sendStr(String(message.data))
  }
}

async function receiveTimeoutUncaught (request: FastifyRequest, journal: Journal) {
  const ws = await openSocket(request, journal, { receiveTimeout: 300 })
  await ws.receive()
  return ws
}

/** Closes at once with ?code and ?reason, then tries to go on. */
async function serverClose (request: FastifyRequest, journal: Journal) {
  const ws = await openSocket(request, journal)
  const { code = '1000', reason = '' } = request.query as Query
  for (let time = 0; time < 2; time++) {
    const done = await ws.close({ code: Number(code), message: reason })
    journal.note(`close() -> ${done} close_code=${number(ws.closeCode)}`)
  }
  await ws.sendStr('too late').catch(error => journal.note(`send raised ${failure(error)}`))
  return ws
}

/** Speaks first, then returns without having received anything. */
async function welcome (request: FastifyRequest, journal: Journal) {
  const ws = await openSocket(request, journal)
  const { count = '1' } = request.query as Query
  for (let index = 0; index < Number(count); index++) await ws.sendStr(`welcome ${index}`)
  return ws
}

async function raiseBefore (request: FastifyRequest) {
  return await mishap((request.query as Query).kind ?? 'runtime')
}

async function raiseAfter (request: FastifyRequest, journal: Journal) {
  const ws = await openSocket(request, journal)
  await ws.sendStr('hello')
  const { kind = 'runtime', wait } = request.query as Query
  if (wait === '1') journal.note(`recv ${described(await ws.receive())}`)
  return await mishap(kind)
}

async function returnUnprepared (request: FastifyRequest, journal: Journal) {
  return (journal.ws = new WebSocketResponse(options(request)))
}

/** Calls everything that needs a prepared websocket, then prepares. */
async function beforePrepare (request: FastifyRequest, journal: Journal) {
  const ws = journal.ws = new WebSocketResponse(options(request))
  const calls: Record<string, () => Promise<unknown>> = {
    send_str: () => ws.sendStr('x'),
    send_bytes: () => ws.sendBytes(Buffer.from('x')),
    send_json: () => ws.sendJson({}),
    ping: () => ws.ping(),
    pong: () => ws.pong(),
    receive: () => ws.receive(),
    receive_str: () => ws.receiveStr(),
    close: () => ws.close(),
    write_eof: () => ws.writeEof()
  }
  for (const [name, call] of Object.entries(calls)) {
    await call().then(() => journal.note(`${name} ok`), error => journal.note(`${name} raised ${failure(error)}`))
  }
  journal.note(`prepared=${ws.prepared} closed=${ws.closed}`)
  await ws.prepare(request)
  journal.note(`prepared=${ws.prepared} closed=${ws.closed}`)
  try {
    ws.canPrepare(request)
  } catch (error) {
    journal.note(`can_prepare raised ${failure(error)}`)
  }
  await ws.prepare(request)
  journal.note('prepare again ok')
  await echoLoop(ws, journal)
  return ws
}

/** Serves both websocket and plain clients on one path. */
async function canPrepare (request: FastifyRequest, journal: Journal) {
  const ws = new WebSocketResponse(options(request, { protocols: ['chat', 'superchat'] }))
  const ready = ws.canPrepare(request)
  journal.note(`can_prepare ok=${ready.ok} protocol=${ready.protocol ?? '-'}`)
  if (!ready.ok) return new Response({ text: 'please use a websocket' })
  journal.ws = ws
  await ws.prepare(request)
  await ws.sendStr(`ready ${ready.protocol ?? '-'}`)
  await echoLoop(ws, journal)
  return ws
}

async function command (request: FastifyRequest, journal: Journal) {
  return await serveCommands(await openSocket(request, journal), journal)
}

/** Adds every endpoint; `registry` holds those that the application closes itself. */
export function addEndpoints (
  app: FastifyInstance, journals: Map<string, Journal>, registry: Set<WebSocketResponse>
): void {
  const registered = async (ws: WebSocketResponse, run: () => Promise<void>) => {
    registry.add(ws)
    await run().finally(() => registry.delete(ws))
    return ws
  }
  const endpoints: Record<string, Endpoint> = {
    '/echo': echo(),
    '/small': echo({ maxMsgSize: 1024 }),
    '/plain': echo({ compress: false }),
    '/any-method': echo(),
    '/bytes-text': echo({ decodeText: false }),
    '/protocols': protocols,
    '/json': asJson,
    '/receive-str': receiveStr,
    '/receive-bytes': receiveBytes,
    '/manual-ping': manualPing,
    '/manual-close': manualClose,
    '/heartbeat': echo({ heartbeat: 400 }),
    '/receive-timeout': receiveTimeout,
    '/receive-timeout-uncaught': receiveTimeoutUncaught,
    '/server-close': serverClose,
    '/welcome': welcome,
    '/raise-before': raiseBefore,
    '/raise-after': raiseAfter,
    '/return-unprepared': returnUnprepared,
    '/before-prepare': beforePrepare,
    '/can-prepare': canPrepare,
    '/command': command,
    '/no-registry': echo(),
    '/registry': async (request, journal) => {
      const ws = await openSocket(request, journal)
      return await registered(ws, () => echoLoop(ws, journal))
    },
    '/registry-busy': async (request, journal) => {
      const ws = await openSocket(request, journal)
      return await registered(ws, async () => {
        await sleep(Number((request.query as Query).ms ?? 1500))
        journal.note('awake')
        await echoLoop(ws, journal)
      })
    }
  }
  for (const [url, endpoint] of Object.entries(endpoints)) {
    app.route({
      method: url === '/any-method' ? ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] : 'GET',
      url,
      onResponse: async request => {
        const journal = journals.get(String(request.headers['x-case']))
        if (journal !== undefined) journal.finished = true
      },
      handler: request => observed(request, endpoint, journals)
    })
  }
}

/** Keeps the journal around a handler. */
async function observed (
  request: FastifyRequest, endpoint: Endpoint, journals: Map<string, Journal>
): Promise<unknown> {
  const journal = new Journal()
  const name = request.headers['x-case']
  if (name !== undefined) journals.set(String(name), journal)
  try {
    const result = await endpoint(request, journal)
    journal.note('returned')
    return answer(result)
  } catch (error) {
    if (journal.events.at(-1) !== 'returned') journal.note(`raised ${failure(error)}`)
    throw error
  } finally {
    journal.handled = true
  }
}
