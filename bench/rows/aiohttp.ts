/** Small answers next to aiohttp: its own measure is the processor time that each of them takes. */

import { alternate, compare, skipped, type Entry, type Row, type Sample } from '../compare.ts'
import { load } from '../load.ts'
import { aiohttpVersion, startAiohttp } from '../peers.ts'
import { Program } from '../program.ts'

interface Answer {
  readonly what: string
  readonly path: string
  readonly status?: number
  /** The most of aiohttp's CPU that is good enough. */
  readonly goal: number
  /** CPU of aiohttp 3.14.3 by that of 3.8.4, measured with C extensions on the same machine; where it was. */
  readonly newer?: number
}

const answers: readonly Answer[] = [
  { what: 'text', path: '/', goal: 0.55, newer: 0.64 },
  { what: 'JSON', path: '/json', goal: 0.55, newer: 0.73 },
  { what: 'parameter', path: '/user/42', goal: 0.55, newer: 0.60 },
  { what: '404', path: '/nope', status: 404, goal: 0.4, newer: 0.5 },
  { what: '405', path: '/posted', status: 405, goal: 0.4 },
  { what: 'thrown HTTPFound', path: '/found', status: 302, goal: 0.55 }
]

export default {
  name: 'aiohttp',
  async run ({ rounds, seconds }) {
    const version = aiohttpVersion()
    if (version === undefined) {
      return answers.map(({ what, goal }) => skipped({ what, against: 'aiohttp', goal: { cpu: goal } }, 'no aiohttp'))
    }
    const ours = await Program.fork('servers/web.ts', ['answers'])
    const theirs = await startAiohttp()
    const rows: Row[] = []
    for (const { what, path, status = 200, goal, newer } of answers) {
      const ask = (server: Program) => () => load(server, { path, status, seconds })
      const samples = await alternate({ ours: ask(ours), theirs: ask(theirs) }, rounds)
      const title = { what, goal: { cpu: goal } }
      rows.push(compare({ ...title, against: `aiohttp ${version}` }, samples.ours, samples.theirs))
      if (newer === undefined) continue
      const derived = samples.theirs.map(({ rate, cpu = NaN }): Sample => ({ rate: rate / newer, cpu: cpu * newer }))
      rows.push(compare({ ...title, against: 'aiohttp 3.14.3 (quoted)' }, samples.ours, derived))
    }
    ours.stop()
    theirs.stop()
    return rows
  }
} satisfies Entry
