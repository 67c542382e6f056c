#!/usr/bin/env node
// Replays websocket transcripts against a server and reports what differs.
//
//   node replay.mjs --url http://127.0.0.1:8099 [options] [transcripts.json …]
//   node replay.mjs --spawn 'npm run -s twin:websockets -- --port 0' [options] [transcripts.json …]
//
// Raw sockets and a frame codec of its own; needs Node 20 and nothing else.
// Options: files, --only TEXT, --group G, --endpoint PATH, --jobs N, --quiet, --wire-only, --loose, --mode MODE.
// Modes: aiohttp (as recorded), rfc (as RFC 6455 demands where they differ), either (one of both).

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { constants, inflateRawSync } from 'node:zlib'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }
const NAMES = new Map(Object.entries(OPCODES).map(([name, number]) => [number, name]))
const MASK = '37fa213d'
const PATIENCE = 2000

// --- frames -----------------------------------------------------------------

function xorshift (seed, length) {
  const out = Buffer.alloc(Math.ceil(length / 4) * 4)
  let state = seed >>> 0
  for (let at = 0; at < out.length; at += 4) {
    state = (state ^ (state << 13)) >>> 0
    state = (state ^ (state >>> 17)) >>> 0
    state = (state ^ (state << 5)) >>> 0
    out.writeUInt32BE(state, at)
  }
  return out.subarray(0, length)
}

function payloadBytes (payload) {
  if (payload === undefined) return Buffer.alloc(0)
  if ('code' in payload) {
    const head = Buffer.alloc(payload.code === null ? 0 : 2)
    if (payload.code !== null) head.writeUInt16BE(payload.code)
    return Buffer.concat([head, payloadBytes(payload.reason)])
  }
  if ('text' in payload) return Buffer.from(payload.text)
  if ('hex' in payload) return Buffer.from(payload.hex, 'hex')
  if ('repeat' in payload) return Buffer.from(payload.repeat.repeat(payload.times))
  if ('ramp' in payload) return Buffer.from(Array.from({ length: payload.ramp }, (_, index) => index & 255))
  if ('xorshift' in payload) return xorshift(payload.xorshift, payload.length)
  throw new Error(`Unknown payload: ${JSON.stringify(payload)}`)
}

function frameBytes (frame) {
  const opcode = OPCODES[frame.opcode] ?? frame.opcode
  const data = payloadBytes(frame.payload)
  // Parsed as a string, so that lengths above 2^53 survive.
  const length = BigInt(frame.declaredLength ?? data.length)
  const bits = frame.lengthBits ?? (length < 126n ? 7 : length < 65536n ? 16 : 64)
  const masked = frame.masked ?? true
  const head = Buffer.alloc(bits === 7 ? 2 : bits === 16 ? 4 : 10)
  head[0] = ((frame.fin ?? true) ? 0x80 : 0) | (frame.rsv ?? 0) << 4 | opcode
  head[1] = (masked ? 0x80 : 0) | (bits === 7 ? Number(length) : bits === 16 ? 126 : 127)
  if (bits === 16) head.writeUInt16BE(Number(length), 2)
  if (bits === 64) head.writeBigUInt64BE(length, 2)
  if (!masked) return Buffer.concat([head, data])
  const mask = Buffer.from(frame.mask ?? MASK, 'hex')
  return Buffer.concat([head, mask, data.map((byte, index) => byte ^ mask[index & 3])])
}

// --- http -------------------------------------------------------------------

function requestBytes (request) {
  const lines = [`${request.method} ${request.target} HTTP/${request.httpVersion}`]
  for (const [name, value] of request.headers) lines.push(`${name}: ${value}`)
  return Buffer.from(lines.join('\r\n') + '\r\n\r\n' + (request.body ?? ''), 'latin1')
}

function headerOf (request, wanted) {
  return request?.headers.find(([name]) => name.toLowerCase() === wanted)?.[1]
}

function expectedAccept (key) {
  return createHash('sha1').update(key + GUID, 'latin1').digest('base64')
}

// --- a raw connection -------------------------------------------------------

/** Turns the bytes of a server into events: {at, http|frame|end}. */
class Connection {
  #socket
  #buffer = Buffer.alloc(0)
  #awaited
  #deflate
  #window = Buffer.alloc(0)
  #waiters = []
  events = []
  ended
  mark = performance.now()

  constructor (host, port) {
    this.#socket = net.connect({ host, port, allowHalfOpen: true, noDelay: true })
    this.#socket.on('data', data => {
      this.#buffer = this.#buffer.length ? Buffer.concat([this.#buffer, data]) : data
      this.#parse()
    })
    this.#socket.on('end', () => this.#end('fin'))
    this.#socket.on('error', () => this.#end('reset'))
    this.#socket.on('close', () => this.#end('reset'))
  }

  write (bytes) {
    if (this.#socket.writable) this.#socket.write(bytes)
    this.act()
  }

  act () { this.mark = performance.now() }
  await (request) { this.#awaited = request }
  endWrite () { this.#socket.end(); this.act() }
  destroy () { this.ended = 'client'; this.#socket.destroy() }
  reset () { this.ended = 'client'; this.#socket.resetAndDestroy() }

  /** The next event, or undefined when none comes in time. */
  async next (ms) {
    const deadline = performance.now() + ms
    while (this.events.length === 0) {
      const left = deadline - performance.now()
      if (left <= 0 || (this.ended && this.events.length === 0)) return undefined
      await new Promise(resolve => {
        const timer = setTimeout(resolve, left)
        this.#waiters.push(() => { clearTimeout(timer); resolve() })
      })
    }
    return this.events.shift()
  }

  #emit (event) {
    this.events.push({ at: performance.now(), ...event })
    for (const wake of this.#waiters.splice(0)) wake()
  }

  #end (kind) {
    if (this.ended) return
    this.ended = kind
    this.#parse()
    if (this.#buffer.length > 0) this.#emit({ raw: this.#buffer.toString('hex') })
    this.#emit({ end: kind })
  }

  #parse () {
    for (;;) {
      const speaksHttp = this.#awaited || this.#buffer.subarray(0, 7).toString('latin1') === 'HTTP/1.'
      const event = speaksHttp ? this.#response() : this.#frame()
      if (event === undefined) return
      this.#emit(event)
    }
  }

  #response () {
    const end = this.#buffer.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [line, ...rest] = this.#buffer.subarray(0, end).toString('latin1').split('\r\n')
    const [, version, status] = /^HTTP\/(\S+) (\d+)/.exec(line)
    const headers = {}
    for (const header of rest) {
      const at = header.indexOf(':')
      const name = header.slice(0, at).toLowerCase()
      const value = header.slice(at + 1).trim()
      headers[name] = name in headers ? `${headers[name]}, ${value}` : value
    }
    const body = this.#buffer.subarray(end + 4)
    let length = 0
    if (status !== '101' && this.#awaited?.method !== 'HEAD') {
      if (headers['transfer-encoding'] === 'chunked') {
        // Good enough for the short answers of a refused handshake.
        length = body.indexOf('0\r\n\r\n') + 5
        if (length < 5) return undefined
      } else if ('content-length' in headers) length = Number(headers['content-length'])
      else if (this.ended) length = body.length
      else return undefined
      if (body.length < length) return undefined
    }
    const key = headerOf(this.#awaited, 'sec-websocket-key')
    if (key !== undefined && headers['sec-websocket-accept'] === expectedAccept(key)) {
      headers['sec-websocket-accept'] = 'correct'
    }
    if (status === '101') this.#negotiated(headers['sec-websocket-extensions'])
    this.#awaited = undefined
    this.#buffer = body.subarray(length)
    return { http: { version, status: Number(status), headers, body: body.subarray(0, length).toString() } }
  }

  #negotiated (extensions) {
    if (!extensions?.startsWith('permessage-deflate')) return
    const bits = /server_max_window_bits=(\d+)/.exec(extensions)
    this.#deflate = {
      windowBits: Number(bits?.[1] ?? 15),
      fresh: extensions.includes('server_no_context_takeover')
    }
  }

  #inflate (data) {
    const { windowBits = 15, fresh = true } = this.#deflate ?? {}
    const options = { windowBits, finishFlush: constants.Z_SYNC_FLUSH }
    if (!fresh && this.#window.length > 0) options.dictionary = this.#window
    const whole = Buffer.concat([data, Buffer.from('0000ffff', 'hex')])
    const out = inflateRawSync(whole, options)
    const size = 1 << windowBits
    this.#window = Buffer.concat([this.#window, out]).subarray(-size)
    return out
  }

  #frame () {
    const data = this.#buffer
    if (data.length < 2) return undefined
    let length = data[1] & 127
    let at = 2
    if (length === 126) {
      if (data.length < 4) return undefined
      length = data.readUInt16BE(2)
      at = 4
    } else if (length === 127) {
      if (data.length < 10) return undefined
      length = Number(data.readBigUInt64BE(2))
      at = 10
    }
    if (data.length < at + length) return undefined
    let body = data.subarray(at, at + length)
    this.#buffer = data.subarray(at + length)
    const opcode = data[0] & 15
    const rsv = data[0] >> 4 & 7
    const frame = { opcode: NAMES.get(opcode) ?? opcode }
    if (!(data[0] & 0x80)) frame.fin = false
    if (data[1] & 0x80) frame.masked = true
    if (opcode >= 8 && length > 125) frame.oversized = true
    if (rsv & 3 || (rsv && opcode >= 8)) frame.rsv = rsv
    if (rsv & 4 && opcode < 8) {
      frame.compressed = true
      if (!this.#deflate) frame.negotiated = false
      body = this.#inflate(body)
    }
    frame.body = body
    return { frame }
  }
}

// --- comparing --------------------------------------------------------------

class Difference extends Error {}

const FLAGS = ['fin', 'masked', 'oversized', 'rsv', 'compressed', 'negotiated']

function demand (what, expected, actual) {
  if (!isDeepStrictEqual(expected, actual)) {
    throw new Difference(`${what}\n    - ${show(expected)}\n    + ${show(actual)}`)
  }
}

function oneOf (what, expected, actual) {
  if (expected === undefined) return
  if (Array.isArray(expected) && expected.includes(actual)) return
  if (expected !== actual) throw new Difference(`${what}\n    - ${show(expected)}\n    + ${show(actual)}`)
}

function show (value) {
  const text = Buffer.isBuffer(value)
    ? `${value.length} bytes ${value.subarray(0, 60).toString('hex')} ${JSON.stringify(value.subarray(0, 60).toString('latin1'))}`
    : JSON.stringify(value)
  return text === undefined ? 'nothing' : text.length > 400 ? text.slice(0, 400) + '…' : text
}

function tidyHeader (name, value) {
  if (value === undefined) return undefined
  const folded = ['upgrade', 'connection', 'content-type'].includes(name) ? value.toLowerCase() : value
  return folded.replace(/\s*([;,])\s*/g, '$1 ')
}

function compareHttp (expected, event, options) {
  const actual = event.http
  if (!actual) throw new Difference(`expected an HTTP response\n    - ${show(expected)}\n    + ${show(summary(event))}`)
  oneOf('status', expected.status, actual.status)
  if (options.mode === 'aiohttp') oneOf('HTTP version', expected.version ?? '1.1', actual.version)
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    if (options.loose && name.startsWith('content-')) continue
    if (value.contains) {
      const found = tidyHeader(name, actual.headers[name])?.split(', ').includes(value.contains)
      demand(`header ${name} contains ${value.contains}`, true, found ?? false)
    } else {
      demand(`header ${name}`, tidyHeader(name, value), tidyHeader(name, actual.headers[name]))
    }
  }
  for (const name of expected.absent ?? []) demand(`header ${name}`, undefined, actual.headers[name])
  if (expected.body !== undefined && !options.loose) demand('body', expected.body, actual.body)
}

function comparePayload (expected, body) {
  if (expected === undefined) return
  if ('sha256' in expected) {
    const digest = createHash('sha256').update(body).digest('hex')
    demand('payload', expected, { length: body.length, sha256: digest })
  } else if ('json' in expected) {
    demand('payload', expected.json, JSON.parse(body.toString()))
  } else {
    demand('payload', Buffer.from(payloadBytes(expected)), Buffer.from(body))
  }
}

function compareFrame (expected, event, options) {
  const actual = event.frame
  if (!actual) throw new Difference(`expected a frame\n    - ${show(expected)}\n    + ${show(summary(event))}`)
  demand('opcode', expected.opcode, actual.opcode)
  for (const flag of FLAGS) {
    if (flag === 'compressed' && options.loose) continue
    demand(flag, expected[flag], actual[flag])
  }
  comparePayload(expected.payload, actual.body)
}

function compareClose (expected, event) {
  const actual = event.frame
  if (actual?.opcode !== 'close') {
    throw new Difference(`expected a Close frame\n    - ${show(expected)}\n    + ${show(summary(event))}`)
  }
  for (const flag of FLAGS) demand(flag, expected[flag], actual[flag])
  oneOf('close code', expected.code, actual.body.length >= 2 ? actual.body.readUInt16BE(0) : null)
  if (expected.reason !== undefined) {
    const reason = typeof expected.reason === 'string' ? { text: expected.reason } : expected.reason
    comparePayload(reason, actual.body.subarray(2))
  }
}

function summary (event) {
  if (event === undefined) return 'nothing'
  if (event.end) return `end of the connection (${event.end})`
  if (event.frame) {
    const { body, ...rest } = event.frame
    return { ...rest, body: body.length > 80 ? `${body.length} bytes` : body.toString('latin1') }
  }
  return event.http ?? event.raw
}

function compareTiming (step, elapsed) {
  const window = step.after_ms
  if (window && (elapsed < window[0] || elapsed > window[1])) {
    throw new Difference(`time since the last action\n    - ${window[0]} to ${window[1]} ms\n    + ${Math.round(elapsed)} ms`)
  }
}

// --- one transcript ---------------------------------------------------------

async function play (twin, transcript, steps, options) {
  const traced = `${transcript.name}~${Date.now()}-${Math.random().toString(36).slice(2)}`
  const instance = transcript.instance && await twin.call('POST', '/spawn', transcript.instance)
  const connection = new Connection(twin.host, instance?.port ?? twin.port)
  const request = { ...transcript.handshake }
  request.headers = [...request.headers, ['X-Case', traced]]
  connection.await(request)
  const bytes = Buffer.concat([requestBytes(request), ...(request.trailing ?? []).map(frameBytes)])
  let start = 0
  for (const size of request.pieces ?? []) {
    const end = size < 0 ? bytes.length + size : start + size
    connection.write(bytes.subarray(start, end))
    start = end
    await sleep(30)
  }
  connection.write(bytes.subarray(start))
  try {
    for (const [index, step] of steps.entries()) {
      try {
        await perform(step, connection, { twin, instance, options })
      } catch (error) {
        if (error instanceof Difference) error.message = `step ${index + 1} of ${steps.length}: ${error.message}`
        throw error
      }
    }
    if (connection.events.length > 0) {
      throw new Difference(`something came after the last step\n    - nothing\n    + ${show(summary(connection.events[0]))}`)
    }
  } finally {
    connection.destroy()
  }
  return traced
}

async function perform (step, connection, { twin, instance, options }) {
  if (step.send) {
    const bytes = frameBytes(step.send)
    if (!step.dribble) return connection.write(bytes)
    for (let at = 0; at < bytes.length; at += step.dribble) {
      connection.write(bytes.subarray(at, at + step.dribble))
      await sleep(3)
    }
    return connection.act()
  }
  if (step.sendTogether) return connection.write(Buffer.concat(step.sendTogether.map(frameBytes)))
  if (step.raw) return connection.write(Buffer.from(step.raw, 'hex'))
  if (step.request) {
    connection.await(step.request)
    return connection.write(requestBytes(step.request))
  }
  if (step.wait_ms) {
    await sleep(step.wait_ms)
    return connection.act()
  }
  if (step.endWrite) return connection.endWrite()
  if (step.destroy) return connection.destroy()
  if (step.reset) return connection.reset()
  if (step.shutdown) {
    await twin.call('POST', `/shutdown/${instance.id}`)
    return connection.act()
  }
  if (step.expectStopped) {
    while ((await twin.call('GET', `/instance/${instance.id}`)).state !== 'stopped') {
      if (performance.now() - connection.mark > 6000) throw new Difference('the instance did not stop')
      await sleep(20)
    }
    return compareTiming(step, performance.now() - connection.mark)
  }
  if (step.expectNothing) {
    const event = await connection.next(step.expectNothing)
    if (event) throw new Difference(`silence for ${step.expectNothing} ms\n    - nothing\n    + ${show(summary(event))}`)
    return connection.act()
  }
  if (step.expectOpen) {
    await sleep(60)
    if (connection.ended) throw new Difference(`the connection stays open\n    - open\n    + ended (${connection.ended})`)
    return
  }
  const event = await connection.next(Math.max(PATIENCE, (step.after_ms?.[1] ?? 0) + 200))
  if (event === undefined) throw new Difference(`nothing came\n    - ${show(step)}\n    + nothing`)
  if (step.http) compareHttp(step.http, event, options)
  else if (step.expect) compareFrame(step.expect, event, options)
  else if (step.expectClose) compareClose(step.expectClose, event)
  else if (step.expectRaw) demand('bytes', step.expectRaw, event.raw)
  else if (step.expectEof) {
    if (!event.end) throw new Difference(`expected the end\n    - ${show(step)}\n    + ${show(summary(event))}`)
    if (step.kind && !options.loose) demand('end of the connection', step.kind, event.end)
  } else throw new Error(`Unknown step: ${JSON.stringify(step)}`)
  compareTiming(step, event.at - connection.mark)
}

/** Compares what the handlers saw; messages after " | " are only for people. */
function compareJournal (expected, actual) {
  if (!expected) return demand('the journal', null, actual ?? null)
  if (!actual) throw new Difference('the twin has no journal of this case')
  const heads = events => events.map(event => event.split(' | ')[0])
  demand('the journal', heads(expected.events), heads(actual.events))
  demand('the state at the end', expected.final, actual.final)
}

async function replay (twin, transcript, options) {
  const traced = await play(twin, transcript, transcript.steps, options)
  if (!options['wire-only']) compareJournal(transcript.server, await twin.journal(traced))
}

async function run (twin, transcript, options) {
  const better = transcript.rfc6455?.steps
  if (options.mode === 'aiohttp' || !better) return replay(twin, transcript, options)
  if (options.mode === 'rfc' && transcript.rfc6455.level === 'MUST') {
    return play(twin, transcript, better, { ...options, loose: true })
  }
  try {
    await replay(twin, transcript, options)
  } catch (error) {
    await play(twin, transcript, better, { ...options, loose: true }).catch(second => {
      throw new Difference(`as aiohttp: ${error.message}\n    as the RFC: ${second.message}`)
    })
  }
}

// --- the server under test --------------------------------------------------

class Twin {
  constructor (url) {
    const { hostname, port } = new URL(url)
    this.host = hostname
    this.port = Number(port)
  }

  call (method, path, body) {
    return new Promise((resolve, reject) => {
      const request = http.request({
        host: this.host,
        port: this.port,
        method,
        path: '/_control' + path,
        agent: false,
        headers: { 'content-type': 'application/json' }
      }, async response => {
        const chunks = []
        for await (const chunk of response) chunks.push(chunk)
        const text = Buffer.concat(chunks).toString()
        resolve(text && response.statusCode < 300 ? JSON.parse(text) : undefined)
      })
      request.on('error', reject)
      request.end(body && JSON.stringify(body))
    })
  }

  async journal (name) {
    const until = performance.now() + 4000
    for (;;) {
      const found = await this.call('GET', `/log/${encodeURIComponent(name)}`)
      if (!found || found.done || performance.now() > until) return found
      await sleep(30)
    }
  }
}

async function start (command) {
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = /ready (http:\S+)/.exec(line)
    if (ready) return { url: ready[1], stop: () => process.kill(-child.pid, 'SIGTERM') }
  }
  throw new Error('The server ended without saying "ready http://…"')
}

// --- the whole run ----------------------------------------------------------

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8099' },
    spawn: { type: 'string' },
    only: { type: 'string', default: '' },
    group: { type: 'string' },
    endpoint: { type: 'string' },
    mode: { type: 'string', default: 'aiohttp' },
    jobs: { type: 'string', default: '6' },
    'wire-only': { type: 'boolean', default: false },
    loose: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false }
  }
})

const files = positionals.length > 0 ? positionals : [new URL('transcripts.json', import.meta.url)]
// Lengths above 2^53 must not be rounded.
const exact = text => JSON.parse(text.replace(/("declaredLength": )(\d{16,})/g, '$1"$2"'))
const transcripts = files.flatMap(file => exact(readFileSync(file, 'utf8')))
  .filter(({ name, group, endpoint }) => name.includes(options.only) &&
    group === (options.group ?? group) && endpoint === (options.endpoint ?? endpoint))
const server = options.spawn ? await start(options.spawn) : { url: options.url, stop () {} }
const twin = new Twin(server.url)
const queue = [...transcripts]
const failures = []
let passed = 0

async function work () {
  for (let transcript = queue.shift(); transcript; transcript = queue.shift()) {
    try {
      await run(twin, transcript, options)
      passed += 1
    } catch (error) {
      failures.push(transcript.name)
      const why = error instanceof Difference ? error.message : error.stack
      if (!options.quiet) console.log(`FAIL ${transcript.name} (${transcript.endpoint}): ${transcript.what}\n    ${why}`)
    }
  }
}

try {
  await Promise.all(Array.from({ length: Number(options.jobs) }, work))
} finally {
  server.stop()
}
if (options.quiet && failures.length > 0) console.log(`FAIL ${failures.sort().join(' ')}`)
console.log(`${passed} passed, ${failures.length} failed`)
process.exitCode = failures.length > 0 ? 1 : 0
