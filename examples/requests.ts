/**
 * An upload form: files of up to 1 GiB are written to disk as they come, and memory stays flat.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import exceptions from '../plugins/exceptions/index.ts'
import requests, { FileField } from '../plugins/requests/index.ts'
import { runApp } from '../plugins/runner/index.ts'

const page = `<!doctype html>
<title>Upload</title>
<form method="post" enctype="multipart/form-data">
  <input name="comment" placeholder="Comment">
  <input name="files" type="file" multiple>
  <button>Send</button>
</form>`

export default async function createApp () {
  const app = Fastify()
  await app.register(exceptions)
  await app.register(requests)
  app.lazyBodies()

  app.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(page))

  app.post('/', { clientMaxSize: 1024 ** 3 }, async request => {
    const form = await request.post()
    const files = []
    for (const file of form.getAll('files')) {
      if (!(file instanceof FileField)) continue
      const hash = createHash('sha256')
      for await (const chunk of file.stream()) hash.update(chunk)
      files.push({ name: file.filename, type: file.contentType, size: file.size, sha256: hash.digest('hex') })
    }
    return { comment: form.get('comment') ?? null, files }
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
