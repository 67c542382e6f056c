/** Ten thousand routes, next to a hundred: what must not grow with them. */

import { alternate, compare, spread, type Entry, type Goal, type Row } from '../compare.ts'
import { load } from '../load.ts'
import { Program } from '../program.ts'

/** What the server says of itself, in milliseconds or microseconds. */
type Times = Record<'started' | 'urlFor' | 'add', number>

const against = '100 routes'

export default {
  name: 'routes',
  async run ({ rounds, seconds }) {
    const few = await Program.fork('servers/routes.ts', ['100'])
    const many = await Program.fork('servers/routes.ts', ['10000'])
    const [fewTimes, manyTimes] = [await few.ask<Times>('times'), await many.ask<Times>('times')]
    const once = (what: string, unit: string, name: keyof Times, goal?: Goal): Row =>
      compare({ what: `10,000 routes: ${what}`, against, unit, ...goal && { goal } }, [{ rate: manyTimes[name] }], [{ rate: fewTimes[name] }])
    const ask = (server: Program, page: number, method: 'GET' | 'POST') => () => load(server, {
      path: `/section99/${method === 'GET' ? 'page' : 'form'}${page}/7`, status: method === 'GET' ? 200 : 405, seconds
    })
    const rows = [once('start', 'ms', 'started'), once('urlFor()', 'µs', 'urlFor', { most: 1.25 })]
    for (const [what, method] of [['match', 'GET'], ['405', 'POST']] as const) {
      const samples = await alternate({ many: ask(many, 9999, method), few: ask(few, 99, method) }, rounds)
      rows.push(compare({ what: `10,000 routes: ${what}`, against, goal: { least: 0.95 } }, samples.many, samples.few))
    }
    const samples = await alternate({
      added: () => load(few, { path: '/added7/7', seconds }), built: ask(few, 99, 'GET')
    }, rounds)
    const title = { what: 'a route added while running', against: 'one there from the start' }
    const added = compare({ ...title, goal: { least: 0.9 } }, samples.added, samples.built)
    for (const server of [few, many]) server.stop()
    return [...rows, await bareMatch(rounds, seconds), timeToAdd(manyTimes.add), added]
  }
} satisfies Entry

/** What a match costs without us, for what grows there cannot stay flat here. */
async function bareMatch (rounds: number, seconds: number): Promise<Row> {
  const few = await Program.fork('servers/bare-routes.ts', ['100'])
  const many = await Program.fork('servers/bare-routes.ts', ['10000'])
  const samples = await alternate({
    many: () => load(many, { path: '/section99/page9999/7', seconds }),
    few: () => load(few, { path: '/section99/page99/7', seconds })
  }, rounds)
  for (const server of [few, many]) server.stop()
  return compare({ what: '10,000 routes of bare Fastify: match', against }, samples.many, samples.few)
}

function timeToAdd (milliseconds: number): Row {
  return {
    what: '10,000 routes: add one, 99 of 100',
    against: '5 ms',
    unit: 'ms',
    ours: spread([milliseconds]),
    goal: { most: 1 },
    ratio: spread([milliseconds / 5]),
    reached: milliseconds <= 5
  }
}
