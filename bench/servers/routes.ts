/** As many routes as the argument says, half of them for POST only; tells what concerns all of them. */

import Fastify from 'fastify'
import { AppRunner, bundle, define, TCPSite } from './package.ts'

const count = Number(process.argv[2])
const begin = performance.now()
const app = Fastify()
await app.register(bundle)
for (let index = 0; index < count; index += 1) {
  const section = `/section${index % 100}`
  // One of two is a form, so that there are as many routes as was said.
  if (index % 2 === 1) app.addGet(`${section}/page${index}/{id}`, async () => 'found', { name: `page${index}` })
  else app.addPost(`/section${(index + 1) % 100}/form${index + 1}/{id}`, async () => 'done', { name: `form${index + 1}` })
}
const runner = new AppRunner(app)
await runner.setup()
const started = performance.now() - begin
const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
await site.start()

/** Milliseconds of one call in the fastest of some rounds: a collection in one of them says nothing. */
function time (rounds: number, calls: number, run: (index: number) => void): number {
  return Math.min(...Array.from({ length: rounds }, (_, round) => {
    const begin = performance.now()
    for (let call = 0; call < calls; call += 1) run(round * calls + call)
    return (performance.now() - begin) / calls
  }))
}

/** Milliseconds of processor time that 99 of 100 calls stay below. */
function most (calls: number, run: (index: number) => void): number {
  const times = Array.from({ length: calls }, (_, index) => {
    const begin = process.cpuUsage()
    run(index)
    const { user, system } = process.cpuUsage(begin)
    return (user + system) / 1000
  })
  return times.toSorted((one, other) => one - other)[Math.floor(calls * 0.99)] ?? NaN
}

process.on('message', () => {
  // As many names whatever the number of routes, or it would be told how much memory the processor has of its own.
  const urlFor = time(20, 2000, index => { app.urlFor(`page${count - 1 - index * 2 % 100}`, { id: 7 }) }) * 1000
  const add = most(3000, index => { app.routes.add(define(`/added${index}/{id}`, async () => 'added')) })
  process.send?.({ started, urlFor, add })
})
process.on('disconnect', () => process.exit())
process.send?.({ port: site.port })
