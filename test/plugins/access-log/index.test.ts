import { once } from 'node:events'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import accessLog, { logstashFormat, type AccessLogger, type AccessLogOptions } from '../../../plugins/access-log/index.ts'
import exceptions from '../../../plugins/exceptions/index.ts'
import health from '../../../plugins/health/index.ts'
import { AppRunner, TCPSite } from '../../../plugins/runner/index.ts'
import { loggerOf } from '../../../lib/loggers.ts'
import { build } from '../../helper.ts'

/** A logger that keeps its lines; `next()` waits for one. */
class Lines {
  readonly all: string[] = []
  readonly fields: Record<string, unknown>[] = []
  #waiting: (() => void)[] = []

  info (fields: object, line: string): void {
    this.all.push(line)
    this.fields.push(fields as Record<string, unknown>)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async until (count: number): Promise<string[]> {
    while (this.all.length < count) await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    return this.all
  }
}

async function withLog (t: Test, options: AccessLogOptions = {}): Promise<{ app: FastifyInstance, lines: Lines }> {
  const app = build(t)
  const lines = new Lines()
  await app.register(exceptions)
  await app.register(accessLog, { logger: lines, ...options })
  return { app, lines }
}

async function serve (t: Test, app: FastifyInstance): Promise<TCPSite> {
  const runner = new AppRunner(app)
  t.teardown(() => runner.cleanup())
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  return site
}

/** Sends bytes and gives all that comes back. */
async function talk (port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', (data: string) => { answer += data })
  socket.write(text, 'latin1')
  await once(socket, 'close')
  return answer
}

t.test('the default format is aiohttp\'s', async t => {
  const { app, lines } = await withLog(t)
  app.get('/', async () => 'Hello')
  const site = await serve(t, app)

  const request = 'GET /?a=1 HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\nReferer: http://b/\r\nConnection: close\r\n\r\n'
  const answer = await talk(site.port, request)

  const [line] = await lines.until(1)
  t.match(line, /^127\.0\.0\.1 \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/\?a=1 HTTP\/1\.1" 200 \d+ "http:\/\/b\/" "me"$/)
  t.equal(Number(line?.split(' ')[7]), answer.length, 'bytes with the head, as they were on the wire')
})

t.test('every atom', async t => {
  process.env['ACCESS_LOG_TEST'] = 'from the environment'
  t.teardown(() => { delete process.env['ACCESS_LOG_TEST'] })
  const { app, lines } = await withLog(t, {
    format: '%% %a %P %r %s %T %Tf %D %{x-Some-thing}i %{X-Answer}o %{nope}i %{nope}o %{ACCESS_LOG_TEST}e %{NOPE_}e %t%b|',
    fields: true
  })
  app.get('/', async (_request, reply) => reply.code(201).header('x-answer', ['a', 'b']).send('x'))
  await app.inject({ url: '/', headers: { 'x-something': 'not this', 'x-some-thing': 'it' } })

  const [line] = await lines.until(1)
  t.match(line, new RegExp(`^% 127\\.0\\.0\\.1 <${process.pid}> GET / HTTP/1\\.1 201 \\d+ \\d+\\.\\d{6} \\d+ it a,b - - from the environment - \\[.*\\]1\\|$`))
  t.match(lines.fields[0], {
    remote_address: '127.0.0.1',
    process_id: `<${process.pid}>`,
    first_request_line: 'GET / HTTP/1.1',
    response_status: 201,
    response_size: 1,
    request_header: { 'x-Some-thing': 'it', nope: '-' },
    response_header: { 'X-Answer': 'a,b', nope: '-' },
    request_start_time: /^\[/,
    request_time: Number,
    request_time_frac: String,
    request_time_micro: Number
  })
})

t.test('a format that is none is an error with its place', async t => {
  for (const [format, position] of [['%a %q', 3], ['%', 0], ['a%{x', 1], ['%{x}z', 0], ['%{a b}i', 0], ['%>s', 0]] as const) {
    await t.rejects(async () => await build(t).register(accessLog, { format }),
      { code: 'AIO_ERR_ACCESS_LOG_FORMAT', message: `position ${position} of` }, format)
  }
  const wrong = [{ formats: '' }, { levels: { nope: 'info' } }, { fields: 'xml' }, { logger: {} }, { accessLogger: 5 }]
  for (const options of wrong) {
    await t.rejects(async () => await build(t).register(accessLog, options as AccessLogOptions), { code: /^AIO_ERR_OPTION_/ })
  }
  await t.rejects(async () => await build(t).register(accessLog, { accessLogger: {} as AccessLogger }), { code: 'AIO_ERR_ACCESS_LOGGER' })
})

t.test('404, errors, refused requests, and what is no request, are logged; silent routes are not', async t => {
  const { app, lines } = await withLog(t, { format: '%r %s' })
  await app.register(health)
  app.addHook('onRequest', async (request, reply) => request.url === '/refused' ? reply.code(403).send() : undefined)
  app.get('/fails', { logLevel: 'fatal' }, async () => { throw new Error('no') })
  app.get('/quiet', { config: { accessLog: false } }, async () => '')
  const site = await serve(t, app)
  const url = `http://127.0.0.1:${site.port}`

  for (const path of ['/none', '/fails', '/quiet', '/livez', '/refused']) await (await fetch(url + path)).arrayBuffer()
  await talk(site.port, 'garbage\r\n\r\n')

  const seen = await lines.until(4)
  t.same(seen.slice(0, 3), ['GET /none HTTP/1.1 404', 'GET /fails HTTP/1.1 500', 'GET /refused HTTP/1.1 403'])
  t.ok(seen.includes('UNKNOWN / HTTP/1.0 400'))
  t.notMatch(seen.join(), /quiet|livez/)
})

t.test('a client that leaves before the answer is logged with 499', async t => {
  const { app, lines } = await withLog(t, { format: '%a %r %s' })
  let arrived = () => {}
  const here = new Promise<void>(resolve => { arrived = resolve })
  app.get('/waits', async () => {
    arrived()
    await lines.until(1)
    return ''
  })
  const site = await serve(t, app)
  const socket = connect(site.port, '127.0.0.1')
  socket.write('GET /waits HTTP/1.1\r\nHost: a\r\n\r\n')
  await here
  socket.on('error', () => {}).resetAndDestroy()

  t.same(await lines.until(1), ['127.0.0.1 GET /waits HTTP/1.1 499'])
})

t.test('nothing a client sends ends a line or a field', async t => {
  const { app, lines } = await withLog(t)
  const site = await serve(t, app)
  await talk(site.port, 'GET /"x\\y HTTP/1.1\r\nHost: a\r\nUser-Agent: a" 200 1 "\x85\x9b31m\tb\\\r\nConnection: close\r\n\r\n')

  const [line] = await lines.until(1)
  t.match(line, '"GET /\\"x\\\\y HTTP/1.1" 404')
  t.match(line, '"a\\" 200 1 \\"\\x85\\x9b31m\\x09b\\\\"')
  // eslint-disable-next-line no-control-regex
  t.notMatch(line, /[\0-\x1f\x7f-\x9f]/)
})

t.test('the bytes of a connection are counted for each response of it', async t => {
  const { app, lines } = await withLog(t, { format: '%b' })
  app.get('/', async () => 'x')
  app.get('/big', { config: { accessLog: false } }, async () => 'x'.repeat(50_000))
  const site = await serve(t, app)

  for (const path of ['/', '/big', '/']) await (await fetch(`http://127.0.0.1:${site.port}${path}`)).arrayBuffer()

  const [first, second] = (await lines.until(2)).map(Number)
  t.equal(first, second)
  t.ok(Number(first) > 100 && Number(first) < 300)
})

t.test('a logger of one\'s own: a function, an object, a class; its errors cost a line', async t => {
  const seen: unknown[] = []
  const note = (name: string): AccessLogger['log'] => (request, reply, time) => {
    seen.push([name, request.url, reply.statusCode, time >= 0])
  }
  class Own implements AccessLogger {
    constructor (logger: { info (fields: object, line: string): void }, format: string) {
      seen.push(typeof logger.info, format)
    }

    log = note('class')
  }
  class Prototype extends Own {
    log2 = 1
  }
  Object.assign(Prototype.prototype, { log () {} })
  const ask = async (given: AccessLogOptions['accessLogger']) => {
    const { app } = await withLog(t, { accessLogger: given, format: '%a' })
    app.get('/x', async () => 'x')
    t.equal((await app.inject('/x')).statusCode, 200)
  }

  await ask(note('function'))
  await ask({ log: note('object') })
  await ask({ log: note('off'), enabled: false })
  await ask(Prototype)
  await ask(() => { throw new Error('mine') })
  t.same(seen, [['function', '/x', 200, true], ['object', '/x', 200, true], 'function', '%a', ['class', '/x', 200, true]])
})

t.test('the named loggers have levels of their own, and write nothing below them', async t => {
  const written: Record<string, unknown>[] = []
  const stream = new Writable({ write (chunk, _encoding, done) { written.push(JSON.parse(String(chunk))); done() } })
  const app = build(t, { logger: { ...logstashFormat({ fields: { service: { name: 'polls' } } }), stream } })
  await app.register(accessLog, { fields: 'ecs', levels: { web: 'error', client: 'debug' } })
  app.get('/', { logLevel: 'warn' }, async () => 'x')
  app.loggers.web.warn('not written')
  app.loggers.client.debug('written')
  await app.inject('/?q=1')
  app.loggers.access.level = 'warn'
  await app.inject('/?q=2')

  t.equal(loggerOf(app, 'server'), app.loggers.server)
  t.equal(loggerOf(build(t), 'server').level, undefined)
  t.same(written.map(({ name }) => name), ['aiohttp.client', 'aiohttp.access'])
  t.match(written[1], {
    '@timestamp': /^\d{4}-\d\d-\d\dT.*Z$/,
    '@version': '1',
    message: /"GET \/\?q=1 HTTP\/1\.1" 200/,
    'log.level': 'info',
    service: { name: 'polls' },
    http: { request: { method: 'GET' }, response: { status_code: 200, bytes: 1 } },
    url: { original: '/?q=1', path: '/', query: 'q=1' },
    client: { ip: '127.0.0.1' },
    event: { duration: Number, start: String }
  })
})
