/**
 * One plain route, served in the way that the first argument names. Runs the built package, as users do.
 *
 * Tells its port over IPC, and its CPU time whenever it is asked.
 */

import { createRequire } from 'node:module'
import Fastify, { type FastifyInstance } from 'fastify'

type Package = typeof import('../../app.ts')

const { default: bundle, AppRunner, TCPSite } =
  await import(new URL('../../dist/app.js', import.meta.url).href) as Package

async function listen (app: FastifyInstance): Promise<number> {
  return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
}

async function run (app: FastifyInstance): Promise<number> {
  const runner = new AppRunner(app)
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  return site.port
}

const app = Fastify()
const variants: Record<string, () => Promise<number>> = {
  bare: () => listen(app),
  runner: () => run(app),
  async bundle () {
    await app.register(bundle)
    return await run(app)
  }
}
const start = variants[process.argv[2] ?? '']
if (start === undefined) throw new Error(`Unknown variant: ${process.argv[2]}`)

app.get('/', (_request, reply) => { reply.send('Hello, world') })
const port = await start()
process.on('message', () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }))
process.on('disconnect', () => process.exit())
process.send?.({ port, fastify: createRequire(import.meta.url)('fastify/package.json').version })
