import t from 'tap'
import { once } from 'node:events'
import { readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Raw } from '../../raw.ts'
import { FileField, type Form } from '../../../plugins/requests/index.ts'
import { answering, field, file, listening, multipart, type } from './helper.ts'

/** A form as JSON. */
async function show (form: Form): Promise<unknown[]> {
  const shown: unknown[] = []
  for (const [name, value] of form) {
    if (value instanceof FileField) {
      const { filename, contentType, size, onDisk } = value
      shown.push([name, { filename, contentType, size, onDisk, text: size > 100 ? '…' : await value.text() }])
    } else {
      shown.push([name, Buffer.isBuffer(value) ? { bytes: value.toString() } : value])
    }
  }
  return shown
}

const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }

t.test('post() reads urlencoded forms', async t => {
  const app = await answering(t, async request => await show(await request.post()))
  const ask = async (payload: string | Buffer, headers: Record<string, string> = urlencoded) =>
    (await app.inject({ method: 'POST', url: '/', payload, headers })).json()

  t.same(await ask('a=1&a=2&b=3&a=4'), [['a', '1'], ['a', '2'], ['b', '3'], ['a', '4']])
  t.same(await ask('a=x+y%2Bz&b=%C3%A9&c&d=&&=e'), [['a', 'x y+z'], ['b', 'é'], ['c', ''], ['d', ''], ['', 'e']])
  t.same(await ask('a=1&b=2\r\n'), [['a', '1'], ['b', '2']])
  t.same(await ask('a=%E9', { 'content-type': 'application/x-www-form-urlencoded; charset=iso-8859-1' }), [['a', 'é']])
  t.same(await ask('__proto__=1&constructor=2'), [['__proto__', '1'], ['constructor', '2']])
  t.same(await ask(''), [])
})

t.test('post() is empty where there is no form', async t => {
  const app = await answering(t, async request => await show(await request.post()))

  for (const headers of [{}, { 'content-type': 'text/plain' }, { 'content-type': 'multipart/mixed; boundary=X' }]) {
    t.same((await app.inject({ method: 'POST', url: '/', payload: 'a=1', headers })).json(), [])
  }
  t.same((await app.inject({ method: 'OPTIONS', url: '/', payload: 'a=1', headers: urlencoded })).json(), [])
  for (const method of ['DELETE', 'PATCH', 'POST', 'PUT'] as const) {
    t.same((await app.inject({ method, url: '/', payload: 'a=1', headers: urlencoded })).json(), [['a', '1']], method)
  }
})

t.test('post() gives the same form again', async t => {
  const app = await answering(t, async request => {
    const form = await request.post()
    return form === await request.post()
  })

  t.equal((await app.inject({ method: 'POST', url: '/', payload: 'a=1', headers: urlencoded })).body, 'true')
})

t.test('post() reads multipart forms', async t => {
  const app = await answering(t, async request => await show(await request.post()))
  const ask = async (payload: Buffer) =>
    (await app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': type() } })).json()

  t.same(await ask(multipart([
    field('a', '1'),
    field('a', 'zwei ✓'),
    field('json', '{}', { 'Content-Type': 'application/json' }),
    field('text', 'gr\xfc\xdfe', { 'Content-Type': 'text/plain; charset=utf-8' }),
    field('b64', 'aGVsbG8gd29ybGQ=', { 'Content-Transfer-Encoding': 'base64' }),
    field('lines', 'a\r\nb\r\n\r\nc\n'),
    file('f', 'note.txt', 'content\n', { 'Content-Type': 'text/plain' }),
    file('f', 'empty', ''),
    file('f', '', 'no file')
  ])), [
    ['a', '1'], ['a', 'zwei ✓'], ['json', { bytes: '{}' }], ['text', 'grüße'], ['b64', 'hello world'],
    ['lines', 'a\r\nb\r\n\r\nc\n'],
    ['f', { filename: 'note.txt', contentType: 'text/plain', size: 8, onDisk: false, text: 'content\n' }],
    ['f', { filename: 'empty', contentType: 'application/octet-stream', size: 0, onDisk: false, text: '' }],
    ['f', 'no file']
  ])
  t.same(await ask(multipart([])), [])
})

t.test('the _charset_ field says how the others are encoded', async t => {
  const app = await answering(t, async request => await show(await request.post()))
  const payload = multipart([
    { ...field('_charset_', 'iso-8859-1') }, { ...field('a', ''), body: Buffer.from('grüße', 'latin1') }
  ])

  const response = await app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': type() } })

  t.same(response.json(), [['a', 'grüße']])
})

t.test('a form that is broken is 400', async t => {
  const app = await answering(t, async request => await show(await request.post()))
  const good = multipart([field('a', '1'), file('f', 'x', 'y')])
  const inner = multipart([field('b', '2')], 'Y')
  const cases: [why: string, payload: Buffer | string, contentType: string][] = [
    ['no boundary', good, 'multipart/form-data'],
    ['a boundary that is too long', good, type('form-data', 'X'.repeat(71))],
    ['another boundary', good, type('form-data', 'Z')],
    ['nothing', '', type()],
    ['cut in the content', good.subarray(0, -10), type()],
    ['no last boundary', good.subarray(0, -7), type()],
    ['cut in the headers', good.subarray(0, 30), type()],
    ['a boundary with something behind it', good.toString().replace('\r\n--X\r\n', '\r\n--Xx\r\n'), type()],
    ['no name', multipart([{ headers: {}, body: 'x' }]), type()],
    ['a multipart in it', multipart([{ ...field('m', inner.toString(), { 'Content-Type': type('mixed', 'Y') }) }]), type()],
    ['a header that is none', '--X\r\nnonsense\r\n\r\n1\r\n--X--\r\n', type()],
    ['a header with a bad name', '--X\r\nbad name: x\r\n\r\n1\r\n--X--\r\n', type()],
    ['a header with NUL', '--X\r\nA: \0\r\n\r\n1\r\n--X--\r\n', type()],
    ['a header that is too long', multipart([field('a', '1', { 'X-Long': 'x'.repeat(9000) })]), type()],
    ['too many headers', multipart([field('a', '1', Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`X-${index}`, 'x'])))]), type()],
    ['text that is invalid', multipart([{ ...field('a', ''), body: Buffer.from([0xff]) }]), type()],
    ['a charset nobody knows', multipart([field('a', '1', { 'Content-Type': 'text/plain; charset=klingon' })]), type()],
    ['a transfer encoding nobody knows', multipart([field('a', '1', { 'Content-Transfer-Encoding': 'rot13' })]), type()],
    ['base64 that is cut', multipart([field('a', 'aGVsb', { 'Content-Transfer-Encoding': 'base64' })]), type()],
    ['a _charset_ that is too long', multipart([field('_charset_', 'x'.repeat(40)), field('a', '1')]), type()]
  ]

  for (const [why, payload, contentType] of cases) {
    const { statusCode, body } = await app.inject({
      method: 'POST', url: '/', payload, headers: { 'content-type': contentType }
    })
    t.equal(statusCode, 400, `${why}: ${body}`)
  }
})

t.test('limits of forms are 413', async t => {
  const app = await answering(t, async request => await show(await request.post()),
    { clientMaxSize: 1000, maxParts: 3, maxFieldsSize: 500 })
  const ask = async (payload: Buffer | string, contentType = type()) => {
    const response = await app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': contentType } })
    return `${response.statusCode} ${response.body}`
  }
  const x = (length: number) => 'x'.repeat(length)

  t.match(await ask(multipart([file('f', 'f', x(1000))])), /^200/)
  t.equal(await ask(multipart([file('f', 'f', x(1001))])), '413 Maximum request body size 1000 exceeded.')
  t.equal(await ask(multipart([file('f', 'f', x(600)), file('f', 'f', x(401))])),
    '413 Maximum request body size 1000 exceeded.')
  t.equal(await ask(multipart([field('a', x(501))])), '413 Maximum size of form fields 500 exceeded.')
  t.equal(await ask(multipart([field('a', '', { 'X-Long': x(501) })])), '413 Maximum size of form fields 500 exceeded.')
  t.equal(await ask(multipart([1, 2, 3, 4].map(n => field(`${n}`, '')))), '413 Maximum number of parts 3 exceeded.')
  t.equal(await ask('a&b&c&d', urlencoded['content-type']), '413 Maximum number of form fields 3 exceeded.')
  t.equal(await ask(x(1001), urlencoded['content-type']), '413 Maximum request body size 1000 exceeded.')
})

t.test('files beyond the limit of memory are on disk, and gone after the response', async t => {
  const folder = t.testdir()
  let kept: FileField[] = []
  const { port } = await listening(t, async request => {
    const form = await request.post()
    kept = [...form.values()].filter(value => value instanceof FileField)
    // A temporary file has no name any more while it is open.
    const texts = await Promise.all(kept.map(each => each.read()))
    return { files: await show(form), names: readdirSync(folder), texts }
  }, { spoolFolder: folder, spoolSize: 1000 })
  const body = multipart([
    file('small', '1', 'a'.repeat(400)), file('large', '2', 'b'.repeat(70_000)), file('small', '3', 'c'.repeat(400)),
    file('large', '4', 'd'.repeat(700))
  ])

  const headers = { 'content-type': type() }
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers })
  const { files, names, texts } = await response.json() as {
    files: [name: string, file: FileField][], names: string[], texts: { data: number[] }[]
  }

  t.same(files.map(([name, { onDisk, size }]) => [name, onDisk, size]),
    [['small', false, 400], ['large', true, 70_000], ['small', false, 400], ['large', true, 700]])
  t.same(names, [])
  t.same(texts.map(({ data }) => Buffer.from(data).toString().replace(/(.)\1+/g, '$1')), ['a', 'b', 'c', 'd'])
  t.equal(texts[1]!.data.length, 70_000)
  for (const each of kept) await t.rejects(each.read(), { code: 'AIO_ERR_FILE_CLOSED' })
})

t.test('a file is read in part, as a stream, or kept', async t => {
  const folder = t.testdir()
  const app = await answering(t, async request => {
    const uploaded = (await request.post()).get('f') as FileField
    await uploaded.saveAs(join(folder, 'kept'))
    await t.rejects(uploaded.saveAs(join(folder, 'kept')), { code: 'EEXIST' })
    const part = []
    for await (const chunk of uploaded.stream({ start: 2, end: 5 })) part.push(chunk)
    return { part: Buffer.concat(part).toString(), type: uploaded.headers.get('CONTENT-TYPE') }
  }, { spoolSize: 3 })

  for (const text of ['012', '0123456789']) {
    const payload = multipart([file('f', 'x', text, { 'Content-Type': 'text/x' })])
    const { body } = await app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': type() } })
    t.same(JSON.parse(body), { part: text.slice(2, 5), type: 'text/x' })
    t.equal(readFileSync(join(folder, 'kept'), 'utf8'), text)
    rmSync(join(folder, 'kept'))
  }
})

t.test('a client that goes away in the middle of a file leaves nothing behind', async t => {
  const folder = t.testdir()
  let done: (result: unknown) => void
  const result = new Promise<unknown>(resolve => { done = resolve })
  const descriptors = () => readdirSync('/proc/self/fd').length
  const { port } = await listening(t, async request => {
    const form = request.post()
    form.catch(error => done(error))
    return await form
  }, { spoolFolder: folder, spoolSize: 10, clientMaxSize: 0 })
  const before = descriptors()
  const raw = await Raw.open(t, { port })

  raw.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${type()}\r\nContent-Length: 9999999\r\n\r\n`)
  raw.write(multipart([file('f', 'x', 'y'.repeat(100_000))]).subarray(0, 90_000).toString())
  await new Promise(resolve => setImmediate(resolve))
  raw.socket.destroy()
  await once(raw.socket, 'close')

  t.match(await result, { statusCode: 400 })
  for (let turn = 0; turn < 100 && descriptors() > before; turn++) await new Promise(resolve => setTimeout(resolve, 10))
  t.ok(descriptors() <= before, 'every descriptor is closed')
  t.same(readdirSync(folder), [])
})

t.test('a folder that is missing is an error of the server', async t => {
  const app = await answering(t, async request => await show(await request.post()),
    { spoolFolder: join(t.testdir(), 'missing'), spoolSize: 0 })

  const { statusCode } = await app.inject({
    method: 'POST', url: '/', payload: multipart([file('f', 'x', 'y')]), headers: { 'content-type': type() }
  })

  t.equal(statusCode, 500)
})
