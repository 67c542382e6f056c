/** The files of examples/companions/s3.ts, on s3rver: a server of its own, which is no S3. */

import { createHash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import createApp from '../../../examples/companions/s3.ts'
import { testClient } from '../../../plugins/testing/index.ts'

interface S3Server { run (): Promise<AddressInfo>, close (): Promise<void> }

// It has no types.
const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => S3Server

async function startS3 (t: Test): Promise<S3ClientConfig> {
  const server = new S3rver({
    address: '127.0.0.1', port: 0, silent: true, directory: t.testdir(), configureBuckets: [{ name: 'files', configs: [] }]
  })
  const { port } = await server.run()
  t.teardown(() => server.close())
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    // What S3 calculates by default, others do not know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED'
  }
}

t.test('files are kept, listed, given back byte for byte, and removed', async t => {
  const client = await testClient(t, await createApp('files', await startS3(t)))
  const data = randomBytes(3_000_000)

  const put = await client.put('/files/a/b.bin', { data, headers: { 'Content-Type': 'image/png' } })
  t.equal(put.status, 201, await put.text())
  t.same(await (await client.get('/files')).json(), ['a/b.bin'])
  const got = await client.get('/files/a/b.bin')
  t.equal(got.headers.get('content-type'), 'image/png')
  const body = await got.read()
  t.equal(createHash('sha256').update(body).digest('hex'), createHash('sha256').update(data).digest('hex'))
  t.equal((await client.delete('/files/a/b.bin')).status, 204)
  t.equal((await client.get('/files/a/b.bin')).status, 404)
  t.equal((await client.put('/files/c', { data, chunked: true })).status, 411)
})

t.test('a missing bucket is told at the start', async t => {
  await t.rejects(testClient(t, await createApp('nothing', await startS3(t))), { name: 'NotFound' })
})
