/**
 * An upload from a stream: what is not there yet is sent as it comes, as fast as the server takes it.
 *
 * @module
 */

import { openAsBlob } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { ClientSession, FormData } from '../../plugins/client-session/index.ts'
import { testServer } from '../../plugins/testing/index.ts'

/** Lines as they are written. */
export async function * lines (count: number): AsyncGenerator<string> {
  for (let line = 1; line <= count; line++) {
    await sleep(1)
    yield `line ${line}\n`
  }
}

/** An async generator, a Node or a web stream, a Blob or a file handle will do as well. */
export async function upload (session: ClientSession, url: string, data: AsyncIterable<string>) {
  await using response = await session.post(url, { data, headers: { 'Content-Type': 'text/plain' } })
  return await response.json<{ bytes: number, type: string }>()
}

/** A file as a field of a form, next to others. */
export async function uploadForm (session: ClientSession, url: string, file: string) {
  const form = new FormData()
  form.addField('title', 'A poem')
  form.addField('poem', await openAsBlob(file), { filename: 'poem.txt', contentType: 'text/plain' })
  await using response = await session.post(url, { data: form })
  return await response.json<{ bytes: number, type: string }>()
}

/** Counts what it is sent. */
export default async function createApp () {
  const app = Fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  app.post('/', async request => {
    let bytes = 0
    for await (const piece of request.body as AsyncIterable<Buffer>) bytes += piece.length
    return { bytes, type: request.headers['content-type']?.split(';')[0] }
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await using server = await testServer(await createApp())
  await using session = new ClientSession({ baseUrl: server.makeUrl('/') })
  console.log(await upload(session, '', lines(1_000)), await uploadForm(session, '', fileURLToPath(import.meta.url)))
}
