import t, { type Test } from 'tap'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { gzipSync, gunzipSync } from 'node:zlib'
import type { FastifyInstance, InjectOptions } from 'fastify'
import exceptions from '../../../plugins/exceptions/index.ts'
import responses, { FileResponse, type FileResponseOptions } from '../../../plugins/responses/index.ts'
import { build, shortFolder } from '../../helper.ts'

const digits = '0123456789abcdefghijklmnopqrstuvwxyz'
const date = 'Tue, 14 Nov 2023 22:13:20 GMT'
const tag = '"17979cfe362a0000-24"'

/** An app that sends the file its path names, out of a folder with some files. */
async function files (t: Test, options?: FileResponseOptions): Promise<{ app: FastifyInstance, folder: string }> {
  const folder = shortFolder(t)
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(path.join(folder, name), content)
    utimesSync(path.join(folder, name), 1_700_000_000, 1_700_000_000)
  }
  file('digits.txt', digits)
  file('empty.txt', '')
  file('both.css', 'plain')
  file('both.css.gz', gzipSync('gzip'))
  file('both.css.br', 'not really br')
  file('linked.txt', 'its sibling is a link')
  symlinkSync('both.css.gz', path.join(folder, 'linked.txt.gz'))
  const app = build(t)
  await app.register(exceptions)
  await app.register(responses)
  app.get('/:name', async request => {
    const { name = '' } = request.params as { name?: string }
    const response = new FileResponse(path.join(folder, name), options)
    if (request.headers['x-compress'] !== undefined) response.enableCompression()
    return response
  })
  return { app, folder }
}

t.test('FileResponse sends a file with type, length, tag and date', async t => {
  const { app } = await files(t)
  for (const method of ['GET', 'HEAD'] as const) {
    const { body, headers, statusCode } = await app.inject({ method, url: '/digits.txt' })
    t.equal(statusCode, 200)
    t.equal(body, method === 'GET' ? digits : '')
    t.match(headers, {
      'accept-ranges': 'bytes', 'content-length': '36', 'content-type': 'text/plain', etag: tag, 'last-modified': date
    })
    t.equal(headers.vary, undefined)
  }
  t.equal((await app.inject('/empty.txt')).body, '')
})

t.test('one range is sent, everything else is 416', async t => {
  const { app } = await files(t)
  const cases: [range: string, status: number, contentRange: string, body: string][] = [
    ['bytes=0-4', 206, 'bytes 0-4/36', '01234'],
    ['bytes=30-', 206, 'bytes 30-35/36', 'uvwxyz'],
    ['bytes=-6', 206, 'bytes 30-35/36', 'uvwxyz'],
    ['bytes=30-99', 206, 'bytes 30-35/36', 'uvwxyz'],
    ['bytes=-99', 206, 'bytes 0-35/36', digits],
    ['bytes=36-', 416, 'bytes */36', ''],
    ['bytes=-0', 416, 'bytes */36', ''],
    ['bytes=5-4', 416, 'bytes */36', ''],
    ['bytes=0-1,3-4', 416, 'bytes */36', ''],
    ['bytes=-', 416, 'bytes */36', '']
  ]
  for (const [range, status, contentRange, body] of cases) {
    for (const method of ['GET', 'HEAD'] as const) {
      const response = await app.inject({ method, url: '/digits.txt', headers: { range } })
      t.equal(response.statusCode, status, `${method} ${range}`)
      t.equal(response.headers['content-range'], contentRange)
      t.equal(response.body, method === 'GET' ? body : '')
    }
  }
  t.equal((await app.inject({ url: '/empty.txt', headers: { range: 'bytes=0-0' } })).statusCode, 416)
})

t.test('conditions are looked at in their order, and If-Range understands tags', async t => {
  const { app } = await files(t)
  const before = 'Tue, 14 Nov 2023 22:13:19 GMT'
  const cases: [headers: NonNullable<InjectOptions['headers']>, status: number][] = [
    [{ 'if-none-match': tag }, 304],
    [{ 'if-none-match': `W/${tag}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"other"', 'if-modified-since': date }, 200],
    [{ 'if-modified-since': date }, 304],
    [{ 'if-modified-since': before }, 200],
    [{ 'if-match': tag }, 200],
    [{ 'if-match': '"other"' }, 412],
    [{ 'if-match': `W/${tag}` }, 412],
    [{ 'if-unmodified-since': before }, 412],
    [{ 'if-unmodified-since': before, 'if-match': tag }, 200],
    [{ range: 'bytes=0-4', 'if-range': tag }, 206],
    [{ range: 'bytes=0-4', 'if-range': '"other"' }, 200],
    [{ range: 'bytes=0-4', 'if-range': `W/${tag}` }, 200],
    [{ range: 'bytes=0-4', 'if-range': date }, 206],
    [{ range: 'bytes=0-4', 'if-range': before }, 200]
  ]
  for (const [headers, status] of cases) {
    const response = await app.inject({ url: '/digits.txt', headers })
    t.equal(response.statusCode, status, JSON.stringify(headers))
    if (status === 304) {
      t.match(response.headers, { etag: tag, 'last-modified': date })
      t.equal(response.headers['content-length'], undefined)
    }
  }
})

t.test('a compressed sibling is sent to who takes it, and every variant says so', async t => {
  const { app } = await files(t)
  const cases: [accept: string | undefined, encoding: string | undefined][] = [
    [undefined, undefined],
    ['gzip', 'gzip'],
    ['gzip, br', 'br'],
    ['br;q=0.5, gzip', 'gzip'],
    ['gzip;q=0', undefined],
    ['identity, br;q=0.1', undefined]
  ]
  for (const [accept, encoding] of cases) {
    const headers = accept === undefined ? {} : { 'accept-encoding': accept }
    const response = await app.inject({ url: '/both.css', headers })
    t.equal(response.headers['content-encoding'], encoding, accept ?? 'none')
    t.equal(response.headers.vary, 'Accept-Encoding')
    t.equal(response.headers['content-type'], 'text/css')
  }
  const linked = await app.inject({ url: '/linked.txt', headers: { 'accept-encoding': 'gzip' } })
  t.equal(linked.headers['content-encoding'], undefined)
  t.equal(linked.body, 'its sibling is a link')
})

t.test('a file is compressed on the fly, a part of it is not', async t => {
  const { app } = await files(t)
  const headers = { 'x-compress': '1', 'accept-encoding': 'gzip' }
  const whole = await app.inject({ url: '/digits.txt', headers })
  t.equal(whole.headers['content-encoding'], 'gzip')
  t.equal(whole.headers['content-length'], undefined)
  t.equal(gunzipSync(whole.rawPayload).toString(), digits)
  const part = await app.inject({ url: '/digits.txt', headers: { ...headers, range: 'bytes=0-4' } })
  t.equal(part.headers['content-encoding'], undefined)
  t.equal(part.body, '01234')
})

t.test('a large file arrives whole over a socket, and is let go of when the client leaves', async t => {
  const { app, folder } = await files(t)
  const file = path.join(folder, 'large.bin')
  const content = Buffer.alloc(8 * 1024 ** 2)
  for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(at, at)
  writeFileSync(file, content)
  const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/large.bin`
  const ask = async (headers = {}) => (await once(get(url, { headers }), 'response'))[0] as IncomingMessage

  t.ok((await buffer(await ask())).equals(content))
  t.ok((await buffer(await ask({ range: 'bytes=5-3000000' }))).equals(content.subarray(5, 3_000_001)))
  const left = await ask()
  left.destroy()
  // The system closes it in a thread.
  while (isOpen(file)) await setImmediate()
})

t.test('what is missing is 404, what is no file or must not be read 403, and no path is told', async t => {
  const { app, folder } = await files(t)
  execFileSync('mkfifo', [path.join(folder, 'pipe')])
  symlinkSync('loop', path.join(folder, 'loop'))
  writeFileSync(path.join(folder, 'secret'), 'x')
  chmodSync(path.join(folder, 'secret'), 0)
  const cases: [name: string, status: number][] = [['missing', 404], ['loop', 404], ['pipe', 403], ['.', 403]]
  // root may read everything
  if (process.getuid?.() !== 0) cases.push(['secret', 403])
  for (const [name, status] of cases) {
    const response = await app.inject(`/${name === '.' ? '%2e' : name}`)
    t.equal(response.statusCode, status, name)
    t.notMatch(response.body, folder)
  }
})

t.test('status, reason, headers and a type of one\'s own', async t => {
  const { app } = await files(t, { status: 404, reason: 'Lost', headers: { 'content-type': 'text/x-mine' }, chunkSize: 5 })
  const response = await app.inject('/digits.txt')
  t.equal(response.statusCode, 404)
  t.equal(response.statusMessage, 'Lost')
  t.equal(response.headers['content-type'], 'text/x-mine')
  t.equal(response.body, digits)
})

t.test('a path may be a URL, and nothing else', async t => {
  t.equal(new FileResponse(pathToFileURL('/tmp/a b')).path, '/tmp/a b')
  t.throws(() => new FileResponse(Object(1)), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => new FileResponse('/x', { chunkSize: 0 }), { code: 'AIO_ERR_OPTION_INVALID' })
})

/** Whether this process has a file open, where the system tells. */
function isOpen (file: string): boolean {
  if (process.platform !== 'linux') return false
  return readdirSync('/proc/self/fd').some(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file
    } catch {
      // That of the folder just read.
      return false
    }
  })
}
