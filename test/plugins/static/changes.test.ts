/** Files that change, are large, or come from memory. */

import { renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import t from 'tap'
import { setUp } from './helper.ts'

for (const cache of [true, false]) {
  t.test(`a compressed file beside the file goes first, ${cache ? 'from memory' : 'from disk'}`, async t => {
    const { app, root } = await setUp(t, { cache })
    writeFileSync(path.join(root, 'hello.txt.gz'), 'gzipped')
    writeFileSync(path.join(root, 'hello.txt.br'), 'brotli')
    writeFileSync(path.join(root, 'orphan.css.gz'), 'orphan')
    const ask = (name: string, encoding: string, method: 'GET' | 'HEAD' = 'GET') =>
      app.inject({ method, url: `/files/${name}`, headers: { 'accept-encoding': encoding } })

    for (let round = 0; round < 2; round++) {
      const zipped = await ask('hello.txt', 'gzip, deflate')
      t.equal(zipped.body, 'gzipped')
      t.match(zipped.headers, {
        'content-type': 'text/plain', 'content-encoding': 'gzip', vary: 'Accept-Encoding', 'content-length': '7'
      })
      t.equal((await ask('hello.txt', 'gzip, br')).body, 'brotli')
      t.equal((await ask('hello.txt', 'gzip, br;q=0.5')).body, 'gzipped')
      const plain = await ask('hello.txt', 'gzip;q=0')
      t.equal(plain.body, 'Hello, world!\n')
      t.notHas(plain.headers, 'vary')
      t.match(await ask('hello.txt', 'br', 'HEAD'), { body: '', headers: { 'content-length': '6' } })
      t.match(await ask('orphan.css', 'gzip'), { body: 'orphan', headers: { 'content-type': 'text/css' } })
      t.equal((await ask('orphan.css', 'br')).statusCode, 404)
      t.equal((await ask('out.txt', 'gzip')).statusCode, 404)
    }
  })
}

t.test('a change on disk shows within a second', async t => {
  const { app, root } = await setUp(t, {}, '/files', { cache: { recheck: 0 } })
  const file = path.join(root, 'hello.txt')
  const get = async () => await app.inject('/files/hello.txt')

  t.equal((await get()).body, 'Hello, world!\n')
  writeFileSync(file, 'Changed, all!\n')
  t.equal((await get()).body, 'Changed, all!\n', 'the same size, a moment later')
  writeFileSync(`${file}.new`, 'replaced')
  renameSync(`${file}.new`, file)
  t.equal((await get()).body, 'replaced')
  rmSync(file)
  t.equal((await get()).statusCode, 404)
  symlinkSync('../secret.txt', file)
  t.equal((await get()).statusCode, 404)
})

t.test('what was compared a moment ago comes from memory', async t => {
  const { app, root } = await setUp(t, {}, '/files', { cache: { recheck: 3_600_000 } })
  app.addStatic('/uncached', root, { cache: false })
  await app.inject('/files/hello.txt')
  await app.inject('/uncached/hello.txt')

  writeFileSync(path.join(root, 'hello.txt'), 'changed')
  t.equal((await app.inject('/files/hello.txt')).body, 'Hello, world!\n')
  t.equal((await app.inject('/uncached/hello.txt')).body, 'changed')
})

t.test('a large file is read in pieces', async t => {
  const { app, root } = await setUp(t, { chunkSize: 1000 }, '/files', { cache: { fileSize: 100 } })
  const content = Buffer.alloc(12_345, 'abcdefg')
  writeFileSync(path.join(root, 'large.bin'), content)

  t.ok((await app.inject('/files/large.bin')).rawPayload.equals(content))
  const part = await app.inject({ url: '/files/large.bin', headers: { range: 'bytes=1500-9999' } })
  t.equal(part.statusCode, 206)
  t.ok(part.rawPayload.equals(content.subarray(1500, 10_000)))
  const beyond = await app.inject({ url: '/files/large.bin', headers: { range: 'bytes=12345-' } })
  t.equal(beyond.statusCode, 416)
  t.match(await app.inject({ method: 'HEAD', url: '/files/large.bin' }), { headers: { 'content-length': '12345' } })
})

t.test('a file that shrinks while it is sent breaks the response off', async t => {
  const { app, root } = await setUp(t, { chunkSize: 64 * 1024 })
  const file = path.join(root, 'large.bin')
  writeFileSync(file, Buffer.alloc(64 * 1024 * 1024))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo

  const response = await fetch(`http://127.0.0.1:${port}/files/large.bin`)
  truncateSync(file, 10)
  await t.rejects(response.arrayBuffer())
})

t.test('nothing from outside is sent while a name changes between a file and a link', async t => {
  for (const cache of [true, false]) {
    const { app, root } = await setUp(t, { cache }, '/files', { cache: { recheck: 0 } })
    const name = path.join(root, 'swap.txt')
    const answers: Promise<{ body: string }>[] = []
    for (let round = 0; round < 500; round++) {
      if (round % 2 === 0) writeFileSync(`${name}.new`, 'mine')
      else symlinkSync('../secret.txt', `${name}.new`)
      renameSync(`${name}.new`, name)
      answers.push(app.inject('/files/swap.txt'))
      // The look of one request runs while the next rounds change what it looks at.
      if (round % 5 === 0) await Promise.race(answers.slice(-3))
    }
    const bodies = new Set((await Promise.all(answers)).map(({ body }) => body))
    t.ok(bodies.has('mine'))
    t.notOk(bodies.has('SECRET'))
  }
})
