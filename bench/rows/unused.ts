/** What is registered and does nothing for a route must cost the route nothing. */

import { alternate, compare, type Entry } from '../compare.ts'
import { load } from '../load.ts'
import { Program } from '../program.ts'

export default {
  name: 'unused',
  async run ({ rounds, seconds }) {
    const names = ['bundle', 'middlewares', 'sessions', 'cors']
    const [without, middlewares, sessions, cors] =
      await Promise.all(names.map(name => Program.fork('servers/web.ts', [name]))) as [Program, Program, Program, Program]
    const ask = (server: Program) => () => load(server, { path: '/', seconds })
    const samples = await alternate({
      without: ask(without), middlewares: ask(middlewares), sessions: ask(sessions), cors: ask(cors)
    }, rounds * 2)
    for (const server of [without, middlewares, sessions, cors]) server.stop()
    const title = { against: 'the same route without', goal: { least: 0.95 } }
    return [
      compare({ ...title, what: 'three middlewares that pass on' }, samples.middlewares, samples.without),
      compare({ ...title, what: 'sessions, untouched' }, samples.sessions, samples.without),
      compare({ ...title, what: 'CORS on another route' }, samples.cors, samples.without)
    ]
  }
} satisfies Entry
