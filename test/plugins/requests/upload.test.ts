/**
 * Large uploads go to disk, and memory stays flat.
 *
 * 128 MiB by default; `UPLOAD_MB=1024` sends a gigabyte.
 */

import t from 'tap'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { FileField } from '../../../plugins/requests/index.ts'
import { listening } from './helper.ts'

const size = Number(process.env.UPLOAD_MB ?? 128) * 1024 ** 2

/** The client has a thread, and so a memory, of its own. */
const client = `
  const { createHash } = require('node:crypto')
  const { request } = require('node:http')
  const { Readable } = require('node:stream')
  const { pipeline } = require('node:stream/promises')
  const { parentPort, workerData: { port, size } } = require('node:worker_threads')
  const piece = Buffer.alloc(1024 ** 2, 'fastify-aiohttp')
  const hash = createHash('sha256')
  const sending = request({ port, method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=X' } })
  sending.on('response', async response => {
    let text = ''
    for await (const chunk of response) text += chunk
    parentPort.postMessage({ text, hash: hash.digest('hex') })
  })
  pipeline(Readable.from((function * () {
    yield Buffer.from('--X\\r\\nContent-Disposition: form-data; name="f"; filename="big"\\r\\n\\r\\n')
    for (let sent = 0; sent < size; sent += piece.length) {
      hash.update(piece)
      yield piece
    }
    yield Buffer.from('\\r\\n--X--\\r\\n')
  })()), sending)
`

t.test(`an upload of ${size / 1024 ** 2} MiB is stored with flat memory`, { timeout: 300_000 }, async t => {
  const folder = t.testdir()
  const { port } = await listening(t, async request => {
    const uploaded = (await request.post()).get('f') as FileField
    const hash = createHash('sha256')
    for await (const chunk of uploaded.stream()) hash.update(chunk)
    return { size: uploaded.size, onDisk: uploaded.onDisk, hash: hash.digest('hex'), names: readdirSync(folder) }
  }, { clientMaxSize: 2 * size, spoolFolder: folder })
  // What is in use, and not what the collector has left for later: its pace is not the same in every Node.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const inUse = () => {
    collect()
    return process.memoryUsage().external
  }
  const before = inUse()
  let most = 0
  const watch = setInterval(() => { most = Math.max(most, inUse()) }, 100)
  t.teardown(() => clearInterval(watch))

  const worker = new Worker(client, { eval: true, workerData: { port, size } })
  t.teardown(() => worker.terminate())
  const { text, hash } = await new Promise<{ text: string, hash: string }>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })

  t.same(JSON.parse(text), { size, onDisk: true, hash, names: [] })
  const grown = (most - before) / 1024 ** 2
  t.ok(grown < 64, `buffers grew by ${grown.toFixed(1)} MiB`)
  t.same(readdirSync(folder), [])
})
