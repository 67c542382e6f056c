/**
 * A download with progress: piece by piece into a file, however large it is.
 *
 * @module
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { ClientSession } from '../../plugins/client-session/index.ts'
import { testServer } from '../../plugins/testing/index.ts'

/** Resolves to the number of bytes; `progress` is called with the share that has come, from 0 to 1. */
export async function download (
  session: ClientSession, url: string, file: string, progress: (share: number) => void
): Promise<number> {
  // No limit for all of it: a large file takes as long as it takes, but never a minute without a byte.
  await using response = await session.get(url, { raiseForStatus: true, timeout: { socketRead: 60_000 } })
  const length = response.contentLength
  const target = createWriteStream(file)
  let received = 0
  for await (const piece of response.content.iterAny()) {
    if (!target.write(piece)) await once(target, 'drain')
    received += piece.length
    if (length !== null) progress(received / length)
  }
  await pipeline(Readable.from([]), target)
  return received
}

/** Ten megabytes to download. */
export default async function createApp () {
  const app = Fastify()
  app.get('/', async (_request, reply) => reply.send(Buffer.alloc(10_000_000, 'tea ')))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await using server = await testServer(await createApp())
  await using session = new ClientSession()
  const show = (share: number) => process.stdout.write(`\r${Math.round(share * 100)} %`)
  console.log(` ${await download(session, server.makeUrl('/'), '/dev/null', show)} bytes`)
}
