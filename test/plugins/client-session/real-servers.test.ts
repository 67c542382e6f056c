/** The client against programs that were not written here: aiohttp's server, nginx, squid. */

import { spawn, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, createReadStream, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import {
  ClientSession, CookieJar, Fingerprint, FormData, type RequestOptions, type SessionOptions
} from '../../../plugins/client-session/index.ts'
import { makeCertificate } from '../../certificate.ts'
import { freePort, missing, startNginx, untilListening } from '../../nginx.ts'

const python = process.env.PYTHON ?? '/usr/bin/python3'
const noAiohttp = spawnSync(python, ['-c', 'import aiohttp']).status !== 0 && `${python} has no aiohttp`
const ncsa = '/usr/lib/squid/basic_ncsa_auth'

t.test("aiohttp's server", { skip: noAiohttp }, async t => {
  const server = spawn(python, [fileURLToPath(new URL('../../fixtures/aiohttp-server.py', import.meta.url))],
    { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => server.kill())
  const [line] = await once(server.stdout, 'data')
  const baseUrl = `http://127.0.0.1:${Number(line)}/`
  const session = open(t, { baseUrl })

  t.test('reads every kind of body', async t => {
    const file = path.join(t.testdir({ 'note.txt': 'from disk' }), 'note.txt')
    async function * stream () { yield * ['a', 'b', 'é'] }
    for (const [options, expected] of [
      [{ data: 'text é' }, { text: 'text é', type: 'text/plain; charset=utf-8', length: '7', transfer: null }],
      [{ json: { a: 1 } }, { text: '{"a":1}', type: 'application/json' }],
      [{ data: { a: '1', b: ['x y', 'é'] } }, { text: 'a=1&b=x+y&b=%C3%A9' }],
      [{ data: stream() }, { text: 'abé', length: null, transfer: 'chunked' }],
      [{ data: createReadStream(file) }, { text: 'from disk', length: '9', type: 'text/plain' }],
      [{ data: new Blob(['blob']) }, { text: 'blob', length: '4' }],
      [{ data: 'zipped', compress: 'gzip' }, { text: 'zipped', transfer: 'chunked' }],
      [{ data: 'zipped', compress: 'deflate' }, { text: 'zipped' }],
      [{ data: 'in pieces', chunked: true }, { text: 'in pieces', transfer: 'chunked' }],
      [{ data: 'asked', expect100: true }, { text: 'asked' }]
    ] as [RequestOptions, object][]) {
      const response = await session.post('body', options)
      t.match(await response.json(), expected)
    }
  })

  t.test('reads our forms', async t => {
    const form = new FormData({ 'na"me': 'é', number: 5 })
    form.addField('upload', Buffer.from('bytes'), { filename: 'a.bin' })
    form.addField('doc', new File(['%PDF'], 'doc.pdf'))
    t.same(await (await session.post('form', { data: form })).json(), [
      ['na"me', 'é'], ['number', '5'], ['upload', 'a.bin', 'application/octet-stream', 'bytes'], ['doc', 'doc.pdf', 'application/pdf', '%PDF']
    ])
  })

  t.test('sets cookies, redirects, compresses, sends chunks', async t => {
    t.equal(await (await session.get('login')).text(), 'nobody', 'a safe jar takes no cookie of an address')
    const unsafe = open(t, { baseUrl, cookieJar: new CookieJar({ unsafe: true }) })
    const greeting = await unsafe.get('login')
    t.same([await greeting.text(), greeting.history.length], ['ann lee', 1])
    for (const coding of ['gzip', 'deflate']) {
      t.equal((await (await session.get('packed', { params: { coding } })).read()).length, 100_000, coding)
    }
    const response = await session.get('chunks')
    const chunks = []
    for await (const [data, end] of response.content.iterChunks()) if (data.length > 0) chunks.push([String(data), end])
    t.same(chunks, [['one', true], ['two', true], ['three', true]])
  })
})

t.test('nginx', { skip: missing('nginx', 'openssl') }, async t => {
  const folder = t.testdir({ www: { 'a.txt': '0123456789', 'big.json': JSON.stringify('x'.repeat(50_000)) } })
  const { cert } = makeCertificate(folder)
  const [port, tls] = [await freePort(), await freePort()]
  await startNginx(t, {
    folder,
    port,
    config: `events {}\nhttp {\n access_log off; error_log ${folder}/error.log;\n gzip on; gzip_types application/json; gzip_min_length 100;
      types { application/json json; text/plain txt; } keepalive_requests 3;
      server { listen 127.0.0.1:${port}; root ${folder}/www;
        location /upload { client_max_body_size 1k; proxy_pass http://127.0.0.1:${port}/a.txt; } location /moved { return 308 /a.txt; } }
      server { listen 127.0.0.1:${tls} ssl; ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem; root ${folder}/www; }\n}`
  })
  const session = open(t, { baseUrl: `http://127.0.0.1:${port}/` })

  t.test('serves ranges, gzip and conditions', async t => {
    const range = await session.get('a.txt', { headers: { Range: 'bytes=2-4' } })
    t.same([range.status, await range.text()], [206, '234'])
    const big = await session.get('big.json')
    t.equal(big.headers.get('content-encoding'), 'gzip')
    t.equal(String(await big.json()).length, 50_000)
    const etag = range.headers.get('etag') ?? ''
    t.equal((await session.get('a.txt', { headers: { 'If-None-Match': etag } })).status, 304)
    t.equal((await session.get('none')).status, 404)
    t.equal((await session.head('big.json')).headers.get('content-type'), 'application/json')
    t.equal(await (await session.get('moved')).text(), '0123456789')
  })

  t.test('closes connections after some requests, and nobody notices', async t => {
    const answers = await Promise.all(Array.from({ length: 40 }, async () => await (await session.get('a.txt')).text()))
    t.same(new Set(answers), new Set(['0123456789']))
    for (let index = 0; index < 20; index++) t.equal((await session.post('none', { json: { index } })).status, 404)
  })

  t.test('refuses a body before it has come', async t => {
    const response = await session.post('upload', { data: Buffer.alloc(20_000) })
    t.equal(response.status, 413)
    t.equal((await session.get('a.txt')).status, 200)
  })

  t.test('speaks TLS', async t => {
    const url = `https://127.0.0.1:${tls}/a.txt`
    await t.rejects(session.get(url), { name: 'ClientConnectorCertificateError' })
    t.equal(await (await session.get(url, { ssl: { ca: cert } })).text(), '0123456789')
    t.equal(await (await session.get(url, { ssl: false })).text(), '0123456789')
    const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '')
    t.equal((await session.get(url, { ssl: new Fingerprint(fingerprint) })).status, 200)
    await t.rejects(session.get(url, { ssl: new Fingerprint('00'.repeat(32)) }), { name: 'ServerFingerprintMismatch' })
  })

  t.test('squid goes between', { skip: missing('squid', ncsa) }, async t => {
    const proxyPort = await startSquid(t)
    const proxy = `http://127.0.0.1:${proxyPort}`
    const plain = `http://127.0.0.1:${port}/a.txt`
    const secure = `https://127.0.0.1:${tls}/a.txt`
    const proxyAuth = { login: 'ann', password: 'sécret', encoding: 'utf-8' } as const

    t.equal((await session.get(plain, { proxy })).status, 407)
    await t.rejects(session.get(secure, { proxy, ssl: { ca: cert } }), { name: 'ClientHttpProxyError', status: 407 })
    t.equal((await session.get(plain, { proxy, proxyAuth })).status, 200)
    for (let index = 0; index < 3; index++) {
      t.equal(await (await session.get(secure, { proxy, proxyAuth, ssl: { ca: cert } })).text(), '0123456789')
    }
    const closed = await freePort()
    const refused = session.get(`https://127.0.0.1:${closed}/`, { proxy, proxyAuth })
    await t.rejects(refused, { name: 'ClientHttpProxyError', status: 503 })
  })
})

async function startSquid (t: Test): Promise<number> {
  const folder = t.testdir()
  const port = await freePort()
  chmodSync(folder, 0o777)
  mkdirSync(path.join(folder, 'core'), { mode: 0o777 })
  const hash = spawnSync('openssl', ['passwd', '-apr1', 'sécret']).stdout.toString().trim()
  writeFileSync(path.join(folder, 'users'), `ann:${hash}\n`)
  writeFileSync(path.join(folder, 'squid.conf'), `http_port 127.0.0.1:${port}
auth_param basic program ${ncsa} ${folder}/users
auth_param basic utf8 off
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
pid_filename none
coredump_dir ${folder}/core
access_log none
cache_log ${folder}/core/cache.log
shutdown_lifetime 0 seconds
`)
  const squid = spawn('squid', ['-N', '-f', path.join(folder, 'squid.conf')], { stdio: 'ignore' })
  t.teardown(() => squid.kill('SIGKILL'))
  await untilListening({ port, host: '127.0.0.1' })
  return port
}

function open (t: Test, options: SessionOptions): ClientSession {
  const session = new ClientSession(options)
  t.teardown(async () => await session.close())
  return session
}
