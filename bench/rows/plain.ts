/** A plain route: what the bundle and the runner add to a request that uses nothing of them. */

import { alternate, compare, type Entry } from '../compare.ts'
import { load } from '../load.ts'
import { Program } from '../program.ts'

export default {
  name: 'plain',
  async run ({ rounds, seconds }) {
    const bare = await Program.fork('servers/web.ts', ['bare'])
    const runner = await Program.fork('servers/web.ts', ['runner'])
    const bundle = await Program.fork('servers/web.ts', ['bundle'])
    const ask = (server: Program) => () => load(server, { path: '/', seconds })
    // The smallest difference of all needs the most rounds.
    const samples = await alternate({ bare: ask(bare), runner: ask(runner), bundle: ask(bundle) }, rounds * 3)
    for (const server of [bare, runner, bundle]) server.stop()
    const goal = { least: 0.98 }
    return [
      compare({ what: 'plain route, full bundle', against: 'bare Fastify', goal }, samples.bundle, samples.bare),
      compare({ what: 'plain route, AppRunner', against: 'bare Fastify', goal }, samples.runner, samples.bare)
    ]
  }
} satisfies Entry
