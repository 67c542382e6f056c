/** A line in the access log for each request, next to none. */

import { alternate, compare, type Entry } from '../compare.ts'
import { load } from '../load.ts'
import { aiohttpVersion, startAiohttp } from '../peers.ts'
import { Program } from '../program.ts'

export default {
  name: 'log',
  async run ({ rounds, seconds }) {
    const [quiet, logged, pino] = await Promise.all(['quiet', 'access-log', 'pino']
      .map(name => Program.fork('servers/web.ts', [name]))) as [Program, Program, Program]
    const ask = (server: Program) => () => load(server, { path: '/', seconds })
    const samples = await alternate({ quiet: ask(quiet), logged: ask(logged), pino: ask(pino) }, rounds)
    for (const server of [quiet, logged, pino]) server.stop()
    const against = 'the same route without'
    const rows = [
      compare({ what: 'access log', against, goal: { cpu: 1.5 } }, samples.logged, samples.quiet),
      compare({ what: "Fastify's request log", against }, samples.pino, samples.quiet)
    ]
    if (aiohttpVersion() === undefined) return rows
    const silent = await startAiohttp()
    const telling = await startAiohttp('access-log')
    const theirs = await alternate({ silent: ask(silent), telling: ask(telling) }, rounds)
    for (const server of [silent, telling]) server.stop()
    return [...rows, compare({ what: "aiohttp's access log", against }, theirs.telling, theirs.silent)]
  }
} satisfies Entry
