/**
 * The twin for real clients: on a port of the system's choice and a Unix socket, with what the recorded endpoints lack:
 * a page, uploads that go to disk, a websocket, and the memory it takes.
 *
 * @module
 */

import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { crc32 } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  FileField, FileResponse, HTTPBadRequest, HTTPSeeOther, jsonResponse, MultipartReader, Response, runApp, WSMsgType
} from '../../../app.ts'
import { ROOT_DIR } from './helpers.ts'
import { buildApp } from './twin.ts'

const UNLIMITED = { clientMaxSize: 0 }

/** Where uploads go. Names are the application's own, never the client's. */
function uploadPath ({ id, server }: FastifyRequest): string {
  return path.join(server.state.get(ROOT_DIR), 'uploads', `${id}`)
}

/** What arrived on disk, which is then removed. */
async function stored (file: string): Promise<{ size: number, crc32: number }> {
  let size = 0
  let crc = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    size += chunk.length
    crc = crc32(chunk, crc)
  }
  await rm(file)
  return { size, crc32: crc }
}

/** A form, read at once: its files are spooled. */
async function uploadForm (request: FastifyRequest) {
  const form = await request.post()
  const file = form.get('file')
  if (!(file instanceof FileField)) throw new HTTPBadRequest({ text: 'No file' })
  const { filename, contentType, onDisk } = file
  await file.saveAs(uploadPath(request))
  const fields = [...form].filter(([, value]) => typeof value === 'string')
  return jsonResponse({ fields, filename, contentType, onDisk, ...await stored(uploadPath(request)) })
}

/** The same, part by part, straight into the file. */
async function uploadParts (request: FastifyRequest) {
  for await (const part of await request.multipart()) {
    if (part instanceof MultipartReader || part.filename === null) continue
    await pipeline(part, createWriteStream(uploadPath(request)))
    return jsonResponse({ filename: part.filename, ...await stored(uploadPath(request)) })
  }
  throw new HTTPBadRequest({ text: 'No file' })
}

/** A body that is the file. */
async function uploadBody (request: FastifyRequest) {
  await pipeline(request.content.iterAny(), createWriteStream(uploadPath(request)))
  return jsonResponse(await stored(uploadPath(request)))
}

/** The form of the page: remembers the name in a cookie and goes back to the page. */
async function submit (request: FastifyRequest) {
  const form = await request.post()
  const file = form.get('file')
  const answer = new HTTPSeeOther('/clients/page?done')
  answer.setCookie('name', encodeURIComponent(`${form.get('name')}`), { path: '/clients' })
  answer.setCookie('file', file instanceof FileField ? `${file.size}` : 'none', { path: '/clients' })
  return answer
}

async function page () {
  return new Response({
    contentType: 'text/html',
    text: `<!doctype html>
<title>Clients</title>
<link rel="stylesheet" href="/static/style.css">
<img src="/static/pixel.png" alt="a pixel">
<form action="/clients/submit" method="post" enctype="multipart/form-data">
<input name="name"><input name="file" type="file"><button>Send</button>
</form>
<a href="/exc/raise/HTTPMovedPermanently?location=/exc/raise/HTTPFound%3Flocation%3D/static/page.html">Away</a>
<a href="/file?path=paper.pdf&amp;header=Content-Disposition:attachment" download>Download</a>`
  })
}

/** Browsers ask for it on pages that name no icon. */
async function favicon ({ server }: FastifyRequest) {
  return new FileResponse(path.join(server.state.get(ROOT_DIR), 'static/pixel.png'))
}

/** Now, and the most since the start, in bytes. */
async function memory () {
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return jsonResponse({ now: process.memoryUsage.rss(), peak: Number(peak) * 1024 })
}

function addClients (app: FastifyInstance): void {
  app.addGet('/clients/page', page)
  app.addGet('/favicon.ico', favicon)
  app.addPost('/clients/submit', submit, UNLIMITED)
  app.addPost('/clients/form', uploadForm, UNLIMITED)
  app.addPost('/clients/parts', uploadParts)
  app.addPut('/clients/body', uploadBody)
  app.addGet('/clients/memory', memory)
  app.websocket('/clients/echo', async ws => {
    for await (const message of ws) {
      if (message.type === WSMsgType.TEXT) await ws.sendStr(`${message.data}/answer`)
      if (message.type === WSMsgType.BINARY) await ws.sendBytes(message.data)
    }
  })
}

const { values: { root = '', socket = '' } } = parseArgs({
  options: { root: { type: 'string' }, socket: { type: 'string' } }
})
await mkdir(path.join(root, 'uploads'), { recursive: true })
const app = await buildApp(path.resolve(root))
addClients(app)
await runApp(app, { host: '127.0.0.1', port: 0, path: socket })
