/** An app over HTTP, in the variant that the first argument names; the second is a folder of static files. */

import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance } from 'fastify'
import { settledMemory } from './memory.ts'
import { AppRunner, bundle, HTTPForbidden, HTTPFound, MemoryStorage, TCPSite } from './package.ts'

const [variant = '', folder = ''] = process.argv.slice(2)
const forbidden = '403: Forbidden'

/** What every variant has. */
function addPlainRoute (app: FastifyInstance): FastifyInstance {
  app.get('/', (_request, reply) => { reply.send('Hello, world') })
  return app
}

function addAnswers (app: FastifyInstance): FastifyInstance {
  app.get('/json', async () => ({ message: 'Hello, world', id: 42, list: [1, 2, 3] }))
  app.get<{ Params: { id: string } }>('/user/:id', async ({ params }) => `user ${params.id}`)
  app.post('/posted', async () => 'posted')
  app.get('/found', async () => { throw new HTTPFound('/json') })
  app.get('/thrown', async () => { throw new HTTPForbidden() })
  app.get('/returned', async () => new HTTPForbidden())
  app.get('/sent', async (_request, reply) => {
    reply.code(403).header('content-type', 'text/plain; charset=utf-8').header('vary', 'Accept').send(forbidden)
    return reply
  })
  return app
}

/** The bundle under a runner. */
async function ours (options = {}, app: FastifyInstance = Fastify()): Promise<FastifyInstance> {
  await app.register(bundle, options)
  return addPlainRoute(app)
}

/** pino, as Fastify makes it, writing where nothing is kept. */
function logging (disableRequestLogging: boolean): FastifyInstance {
  return Fastify({ logger: { level: 'info' }, disableRequestLogging })
}

async function listen (app: FastifyInstance): Promise<number> {
  return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
}

async function run (app: FastifyInstance): Promise<number> {
  const runner = new AppRunner(app)
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const commands: Record<string, () => Promise<number>> = {
    memory: settledMemory,
    async swap () {
      const { closed } = await runner.swap(await ours())
      await closed
      return 1
    }
  }
  process.on('message', async (command: string) => { process.send?.(await commands[command]?.()) })
  return site.port
}

const pass = async (request: unknown, handler: (request: never) => unknown) => await handler(request as never)

const variants: Record<string, () => Promise<number>> = {
  bare: () => listen(addPlainRoute(Fastify())),
  runner: () => run(addPlainRoute(Fastify())),
  bundle: async () => await run(await ours()),
  answers: async () => await run(addAnswers(await ours())),
  middlewares: async () => await run(await ours({ middlewares: { middlewares: [pass, pass, pass] } })),
  sessions: async () => await run(await ours({ sessions: { storage: new MemoryStorage() } })),
  cors: async () => {
    const app = await ours()
    app.get('/other', { config: { cors: { 'https://example.com': {} } } }, async () => 'other')
    return await run(app)
  },
  static: async () => {
    const app = await ours()
    app.addStatic('/static', folder)
    return await run(app)
  },
  'fastify-static': async () => {
    const app = addPlainRoute(Fastify())
    await app.register(fastifyStatic, { root: folder, prefix: '/static' })
    return await listen(app)
  },
  quiet: async () => await run(await ours({}, logging(true))),
  'access-log': async () => await run(await ours({ accessLog: {} }, logging(true))),
  pino: async () => await run(await ours({}, logging(false)))
}
const start = variants[variant]
if (start === undefined) throw new Error(`Unknown variant: ${variant}`)

const port = await start()
process.on('disconnect', () => process.exit())
process.send?.({ port })
