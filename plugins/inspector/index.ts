/**
 * The inspector: one page that shows what the app is doing, live, and while it stops whom it is waiting for.
 *
 * In production it is there only for those that `authorize` lets in; elsewhere only for this machine.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import type { FastifyInstance, FastifyRequest, FastifySchema, RouteShorthandOptions } from 'fastify'
import fp from 'fastify-plugin'
import { check, checkOptions, func, type Shape } from '../../lib/options.ts'
import { HTTPForbidden } from '../exceptions/index.ts'
import type {} from '../signals/index.ts'
import { LiveStream } from './live-stream.ts'
import { LoopDelay } from './loop-delay.ts'
import { RecentErrors } from './recent-errors.ts'
import { takeSnapshot } from './snapshot.ts'

export type { RecentError } from './recent-errors.ts'
export type { RouteRow } from './route-rows.ts'
export type { Snapshot } from './snapshot.ts'

/** Options of the inspector. */
export interface InspectorOptions {
  /**
   * Where the page is.
   *
   * @default '/inspector'
   */
  path?: string | undefined
  /**
   * Who may look: called with each request, it says so or throws. With it the page is there in production, too.
   *
   * @default clients on this machine, outside of production
   */
  authorize?: ((request: FastifyRequest) => boolean | Promise<boolean>) | undefined
}

const shape: Shape<InspectorOptions> = {
  path: check('a path that begins and does not end with "/"',
    value => typeof value === 'string' && /^\/.*[^/]$/.test(value)),
  authorize: func
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export default fp<InspectorOptions>(async function inspector (app, options) {
  checkOptions('the inspector', options, shape)
  if (options.authorize === undefined && process.env['NODE_ENV'] === 'production') {
    app.log.info('The inspector is off: in production it needs the option "authorize"')
    return
  }
  const path = options.path ?? '/inspector'
  const errors = new RecentErrors()
  app.addHook('onError', async (request, _reply, error) => errors.add(request, error))
  await servePage(app, path, options)
  serveEvents(app, `${path}/events`, options, errors)
}, {
  name: 'inspector',
  fastify: '5.x',
  dependencies: ['signals', 'exceptions']
})

async function servePage (app: FastifyInstance, path: string, options: InspectorOptions): Promise<void> {
  const read = (name: string) => readFile(new URL(`page/${name}`, import.meta.url), 'utf8')
  const [html, style, script] = await Promise.all([read('index.html'), read('style.css'), read('script.js')])
  const page = html.replace('/* style */', () => style).replace('/* script */', () => script)
    .replaceAll('{{path}}', () => path)
  app.get(path, routeOptions(options), async (_request, reply) => reply
    .headers({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' }).type('text/html; charset=utf-8').send(page))
}

function serveEvents (app: FastifyInstance, path: string, options: InspectorOptions, errors: RecentErrors): void {
  const loop = new LoopDelay()
  const streams = new Set<LiveStream>()
  app.signals.onPhase(() => { for (const stream of streams) stream.wake() })
  app.get(path, routeOptions(options), async (request, reply) => {
    const snapshot = () => takeSnapshot(app, { ownPath: path, watching: streams.size, loop, errors })
    const stream = new LiveStream(app, snapshot, streams)
    loop.start()
    try {
      return await stream.run(request, reply)
    } finally {
      if (streams.size === 0) loop.stop()
    }
  })
}

function routeOptions ({ authorize = isLocal }: InspectorOptions): RouteShorthandOptions {
  return {
    logLevel: 'silent',
    schema: { hide: true } as FastifySchema,
    onRequest: async (request: FastifyRequest) => {
      if (!await authorize(request)) throw new HTTPForbidden()
    }
  }
}

/** From this machine, under a name of this machine: a page elsewhere cannot look through a name of its own. */
function isLocal ({ ip, hostname }: FastifyRequest): boolean {
  return /^(127\.|::1$|::ffff:127\.)/.test(ip ?? '') && /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
}
