import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { FileStream } from '../../../plugins/responses/file-stream.ts'

async function setUp (t: Test, size = 10_000) {
  const file = path.join(t.testdir(), 'file')
  const content = Buffer.alloc(size, 'abcdefg')
  writeFileSync(file, content)
  return { content, handle: await open(file) }
}

t.test('FileStream reads a part in pieces and closes the file', async t => {
  const { content, handle } = await setUp(t)
  const stream = new FileStream(handle, { start: 10, end: 9000, chunkSize: 1000 })

  t.ok((await buffer(stream)).equals(content.subarray(10, 9000)))
  t.equal(handle.fd, -1)
})

t.test('FileStream closes a file nobody reads', async t => {
  const { handle } = await setUp(t)
  const stream = new FileStream(handle, { start: 0, end: 10, chunkSize: 1000 })

  await new Promise(resolve => stream.once('close', resolve).destroy())
  t.equal(handle.fd, -1)
})

t.test('FileStream reads nothing of nothing', async t => {
  const { handle } = await setUp(t)

  t.equal((await buffer(new FileStream(handle, { start: 5, end: 5, chunkSize: 10 }))).length, 0)
})

t.test('FileStream fails when the file is too short', async t => {
  const { handle } = await setUp(t, 100)

  await t.rejects(buffer(new FileStream(handle, { start: 0, end: 200, chunkSize: 64 })))
  t.equal(handle.fd, -1)
})
