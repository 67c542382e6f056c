/**
 * The twin: the application whose answers were recorded, in TypeScript on this package.
 *
 *     node test/parity/http/prepare.mjs FOLDER
 *     npm run twin -- --port 8080 --root FOLDER
 *
 * Read beside its original (aiohttp 3.14) it is a translation guide: the same endpoints under the same names in the
 * same order, one file per group:
 *
 *     1 exceptions    /exc/...
 *     2 routing       /r/... /sub/... /n-.../... and virtual hosts
 *     3 request       /req/...
 *     4 responses     /resp/...
 *     5 static        /static.../... /file
 *     6 middlewares   /mw/...
 *     7 robustness    /raw/... and raw bytes on the socket
 *
 * Many endpoints take their parameters from the query string, and pass on only those that are present.
 *
 * @module
 */

import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import Fastify from 'fastify'
import bundle, { rewriteUrl, runApp } from '../../../app.ts'
import { addExceptions } from './exceptions.ts'
import { APP_COLOUR, APP_NAME, CLIENT_MAX_SIZE, ROOT_DIR } from './helpers.ts'
import { addLifecycle, addMiddlewares, tracing } from './middlewares.ts'
import { addRequests } from './request.ts'
import { addResponses } from './responses.ts'
import { addRobustness } from './robustness.ts'
import { addRouting, type Names } from './routing.ts'
import { addStatic } from './static.ts'
import { addDomains, addNormalizers, addSubapps } from './subapps.ts'

export async function buildApp (root: string) {
  const app = Fastify({ rewriteUrl, routerOptions: { maxParamLength: 8192 } })
  await app.register(bundle, {
    exceptions: { format: 'aiohttp' },
    middlewares: { middlewares: [tracing('root')] },
    requests: { clientMaxSize: CLIENT_MAX_SIZE }
  })
  app.state.set(APP_NAME, 'root')
  app.state.set(APP_COLOUR, 'red')
  app.state.set(ROOT_DIR, root)
  const names: Names = { subApps: new Map(), mounts: new Map() }
  addLifecycle(app)
  addExceptions(app)
  addRouting(app, names)
  addSubapps(app, names)
  addDomains(app)
  addNormalizers(app)
  addRequests(app)
  addResponses(app)
  addStatic(app, root, names)
  addMiddlewares(app, root)
  addRobustness(app)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values: { port = '8080', root = '' } } = parseArgs({
    options: { port: { type: 'string' }, root: { type: 'string' } }
  })
  await runApp(await buildApp(path.resolve(root)), { host: '127.0.0.1', port: Number(port) })
}
