/**
 * 5 static files: /static*, /assets and /file.
 *
 * ETag: "<mtime in nanoseconds, hexadecimal>-<size in bytes, hexadecimal>"; Last-Modified: mtime rounded up to the
 * second.
 *
 * @module
 */

import path from 'node:path'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { FileResponse } from '../../../app.ts'
import { headersFromQuery, int, need, pick, ROOT_DIR, setCookiesFromQuery } from './helpers.ts'
import { enableCompression } from './responses.ts'
import { labelled, type Names } from './routing.ts'

/**
 * FileResponse of `path` (below the static folder) with arguments: status, reason, header, chunk_size, content_type,
 * compress.
 */
async function fileResponse (request: FastifyRequest) {
  const q = request.queryMulti
  const { status, chunk_size: chunkSize, reason, content_type: contentType, compress } =
    pick(q, 'status', 'reason', 'chunk_size', 'content_type', 'compress')
  const file = path.join(request.server.state.get(ROOT_DIR), 'static', need(q, 'path'))
  const response = new FileResponse(file, {
    reason,
    status: status === undefined ? undefined : int(status),
    chunkSize: chunkSize === undefined ? undefined : int(chunkSize),
    headers: q.has('header') ? headersFromQuery(q) : undefined
  })
  if (contentType !== undefined) response.contentType = contentType
  if (compress !== undefined) enableCompression(response, compress)
  setCookiesFromQuery(response, q)
  return response
}

export function addStatic (app: FastifyInstance, root: string, { mounts, subApps }: Names): void {
  const folder = path.join(root, 'static')
  const mount = (prefix: string, name: string, options = {}) =>
    mounts.set(name, app.addStatic(prefix, folder, { name, dotfiles: 'allow', ...options }))

  mount('/static', 'static')
  mount('/static-index', 'static-index', { showIndex: true })
  mount('/static-links', 'static-links', { followSymlinks: true })
  mount('/static-versioned/', 'static-versioned', { appendVersion: true })
  // a route below the prefix of a static mount: a fixed path is more specific
  app.addGet('/static/routed.txt', labelled('routed, not a file'))
  // a static mount inside a sub-application
  app.addSubapp('/assets', async sub => {
    subApps.set('assets', sub)
    sub.addStatic('/files', path.join(folder, 'dir'), { name: 'files' })
  })
  app.addGet('/file', fileResponse)
}
