/** The twin as clients see it that know nothing of it: aiohttp's own, curl, and one that uploads very much. */

import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import path from 'node:path'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { program, run, startTwin } from './clients-helper.ts'

const python = program(['python3', '/usr/bin/python3'], '-c', 'import aiohttp')
const curl = program(['curl'], '--version')
const noCurl = curl === undefined && 'needs curl'
const uploadBytes = Number(process.env.UPLOAD_MB ?? 128) * 1024 ** 2

const twin = await startTwin(t)

t.test("aiohttp's own client", {
  skip: python === undefined && 'needs a Python with aiohttp (Debian: python3-aiohttp)'
}, async t => {
  const script = fileURLToPath(new URL('../../fixtures/aiohttp-client.py', import.meta.url))
  const results = JSON.parse((await run(`${python}`, '-W', 'ignore', script, twin.base)).stdout)
  const expected = JSON.parse(readFileSync(script.replace(/py$/, 'json'), 'utf8'))

  t.same(Object.keys(results), Object.keys(expected))
  for (const [errand, result] of Object.entries(results)) t.strictSame(result, expected[errand], errand)
})

/** What curl prints of an answer of the twin. */
async function ask (target: string, ...args: string[]): Promise<string> {
  return (await run('curl', '-sS', '--max-time', '20', ...args, `${twin.base}${target}`)).stdout
}

t.test('curl sends forms and files', { skip: noCurl }, async t => {
  const form = await ask('/req/post', '-d', 'a=1&b=x+y', '--data-urlencode', 'c=ü&=')
  t.same(JSON.parse(form), { form: [['a', '1'], ['b', 'x y'], ['c', 'ü&=']] })

  const file = path.join(twin.root, 'static/big.bin')
  const uploaded = JSON.parse(await ask('/clients/form', '-F', 'name=Jürgen', '-F', `file=@${file};type=x/y;filename=ü".bin`))
  t.strictSame(uploaded, {
    fields: [['name', 'Jürgen']],
    // curl writes a quotation mark as browsers do
    filename: 'ü%22.bin',
    contentType: 'x/y',
    onDisk: false,
    size: 300_000,
    crc32: crc32(readFileSync(file))
  })

  const chunked = await ask('/clients/body', '-T', file, '-H', 'Transfer-Encoding: chunked')
  t.strictSame(JSON.parse(chunked), { size: 300_000, crc32: crc32(readFileSync(file)) })
  t.strictSame(JSON.parse(await ask('/clients/body', '-T', file, '--http1.0')), JSON.parse(chunked))
})

t.test('curl resumes a download', { skip: noCurl }, async t => {
  const whole = readFileSync(path.join(twin.root, 'static/big.bin'))
  const partial = path.join(t.testdir(), 'partial')
  writeFileSync(partial, whole.subarray(0, 123_456))

  const code = await ask('/static/big.bin', '-C', '-', '-o', partial, '-w', '%{http_code} %{size_download}')

  t.equal(code, `206 ${300_000 - 123_456}`)
  t.ok(readFileSync(partial).equals(whole))
})

t.test('curl is answered in HTTP/1.1 when it asks for HTTP/2', { skip: noCurl }, async t => {
  const written = ['-w', ' %{http_version} %{http_code}']

  t.equal(await ask('/raw/ok', '--http2', ...written), 'ok 1.1 200')
  t.equal(await ask('/nowhere', '--http2', ...written), '404: Not Found 1.1 404')
  const posted = await ask('/req/stream', '--http2', '-d', 'x'.repeat(50_000), ...written)
  t.match(posted, /"length":\s?50000.* 1\.1 200$/)
  const two = await run('curl', '-sS', '--http2', '-w', ' %{num_connects};', `${twin.base}/raw/ok`, `${twin.base}/raw/ok`)
  t.equal(two.stdout, 'ok 1;ok 0;', 'over one connection')
})

t.test('curl unpacks what it accepts', { skip: noCurl }, async t => {
  const answer = await ask('/resp/compress?repeat=500', '--compressed', '-D', '-')
  const [head = '', body] = answer.split('\r\n\r\n')

  t.match(head, /^content-encoding: (br|gzip|deflate)\r?$/im)
  t.match(head, /^vary: accept-encoding\r?$/im)
  t.equal(body, 'compress me '.repeat(500))
  t.equal(await ask('/static/compressed.txt', '--compressed'), await ask('/static/compressed.txt'))
  t.equal(await ask('/resp/stream?compress=deflate&chunk=a&chunk=b&eof=c', '--compressed'), 'abc')
})

t.test('curl asks for heads and validates what it has', { skip: noCurl }, async t => {
  const head = await ask('/static/big.bin', '-I')
  t.match(head, /^HTTP\/1\.1 200 OK\r\n/)
  t.match(head, /\r\ncontent-length: 300000\r\n/i)
  t.match(head, /\r\naccept-ranges: bytes\r\n/i)

  const folder = t.testdir()
  const tag = path.join(folder, 'tag')
  const code = ['-o', path.join(folder, 'out'), '-w', '%{http_code} %{size_download}']
  t.equal(await ask('/static/hello.txt', '--etag-save', tag, ...code),
    `200 ${statSync(path.join(twin.root, 'static/hello.txt')).size}`)
  t.equal(await ask('/static/hello.txt', '--etag-compare', tag, ...code), '304 0')
  t.equal(await ask('/static/hello.txt', '-z', 'Wed, 15 Nov 2023 00:00:00 GMT', ...code), '304 0')
})

t.test('curl keeps cookies', { skip: noCurl }, async t => {
  const jar = path.join(t.testdir(), 'jar')
  const cookies = ['-b', jar, '-c', jar]

  await ask('/resp/cookie?name=kept&value=a%20b&path=/&max_age=600', ...cookies)
  await ask('/resp/cookie?name=gone&value=x&path=/', ...cookies)
  await ask('/resp/cookie?name=elsewhere&value=x&path=/mw', ...cookies)
  t.same(JSON.parse(await ask('/req/cookies', ...cookies)), { kept: 'a b', gone: 'x' })

  await ask('/resp/cookie?name=gone&path=/&only=delete', ...cookies)
  t.same(JSON.parse(await ask('/req/cookies', ...cookies)), { kept: 'a b' })
})

t.test('curl follows redirects', { skip: noCurl }, async t => {
  const written = ['-L', '-d', 'body', '-w', ' %{num_redirects} %{http_code}']

  for (const [name, method] of [['HTTPFound', 'GET'], ['HTTPSeeOther', 'GET'], ['HTTPPermanentRedirect', 'POST']] as const) {
    const answer = await ask(`/exc/raise/${name}?location=/req/echo`, ...written)
    t.match(answer, new RegExp(`"method":\\s?"${method}".* 1 200$`), name)
  }
  t.match(await ask('/n-append/two?a=1', '-L', '-w', ' %{num_redirects} %{http_code}'), / 1 200$/)
})

t.test('curl waits for 100 Continue before a large body', { skip: noCurl }, async t => {
  const file = path.join(t.testdir(), 'large')
  writeFileSync(file, Buffer.alloc(3_000_000, 'x'))
  const args = ['-v', '-sS', '--expect100-timeout', '20', '--data-binary', `@${file}`, '-w', ' %{http_code} %{size_upload}']

  const accepted = await run('curl', ...args, `${twin.base}/req/stream`)
  t.match(accepted.stderr, /> Expect: 100-continue[^]*< HTTP\/1\.1 100 Continue[^]*< HTTP\/1\.1 200 OK/)
  t.match(accepted.stdout, /"length":\s?3000000.* 200 3000000$/)

  const answered = await run('curl', ...args, `${twin.base}/raw/expect-answer`)
  t.notMatch(answered.stderr, /100 Continue/)
  t.equal(answered.stdout, 'pay first 402 0', 'and sends nothing when it is answered instead')
})

t.test('curl comes through a Unix socket, and not out of the folder', { skip: noCurl }, async t => {
  const answer = await run('curl', '-sS', '--unix-socket', twin.socket, 'http://name.example/req/echo?a=b')
  t.match(JSON.parse(answer.stdout), { host: 'name.example', path_qs: '/req/echo?a=b' })

  for (const target of ['/static/../outside/secret.txt', '/static/%2e%2e/outside/secret.txt', '/static/link-outside.txt']) {
    t.match(await ask(target, '--path-as-is', '-w', ' %{http_code}'), /40[34]$/, target)
  }
})

/** Sends so many bytes in pieces; gives what was answered and the checksum of what was sent. */
async function upload (target: string, method: string, bytes: number) {
  const piece = Buffer.alloc(1 << 16, 'The quick brown fox. ')
  const multipart = method === 'POST'
  const outgoing = request(`${twin.base}${target}`, {
    method,
    headers: { 'content-type': multipart ? 'multipart/form-data; boundary=cut' : 'application/octet-stream' }
  })
  const answered = once(outgoing, 'response')
  let sent = 0
  await pipeline(async function * () {
    if (multipart) yield '--cut\r\nContent-Disposition: form-data; name="file"; filename="large"\r\n\r\n'
    for (let left = bytes; left > 0; left -= piece.length) {
      sent = crc32(piece, sent)
      yield piece
    }
    if (multipart) yield '\r\n--cut--\r\n'
  }, outgoing)
  const [response] = await answered
  return { answer: await json(response) as Record<string, unknown>, sent }
}

/** Bytes of memory that the twin has now, and the most it ever had. */
async function memory (): Promise<{ now: number, peak: number }> {
  const response = await fetch(`${twin.base}/clients/memory`)
  return await response.json() as { now: number, peak: number }
}

for (const [target, method, how] of [
  ['/clients/form', 'POST', 'spooled by post()'],
  ['/clients/parts', 'POST', 'part by part'],
  ['/clients/body', 'PUT', 'as it comes']
] as const) {
  t.test(`${uploadBytes / 1024 ** 2} MiB go to disk in flat memory: ${how}`, { timeout: 600_000 }, async t => {
    await upload(target, method, 1 << 24)
    const before = await memory()

    const { answer, sent } = await upload(target, method, uploadBytes)

    t.match(answer, { size: uploadBytes, crc32: sent })
    const after = await memory()
    const grown = (after.peak - before.now) / 1024 ** 2
    t.comment(`the most was ${grown.toFixed(1)} MiB above what it was before`)
    t.ok(grown < 64, `${grown.toFixed(1)} MiB`)
  })
}

t.test('the twin is in good health after all of that', async t => {
  t.equal(await (await fetch(`${twin.base}/raw/ok`)).text(), 'ok')
  t.equal(await twin.stop(), 0)
})
