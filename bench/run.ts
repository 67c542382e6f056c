/**
 * Compares servers in alternating rounds of one run, for absolute figures of a shared machine mean little.
 *
 *     npm run bench                    the table
 *     npm run bench -- --json          the same for machines
 *     npm run bench -- --rounds 15     more rounds, steadier medians
 */

import { parseArgs } from 'node:util'
import { hasWrk, pin, Server, type Sample } from './measure.ts'
import { compare, table } from './table.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '2' }
  }
})
const rounds = Number(values.rounds)
const load = { path: '/', connections: 64, duration: Number(values.seconds) }

pin(process.pid, 1)
const servers = {
  bare: await Server.start('plain', 'bare'),
  runner: await Server.start('plain', 'runner'),
  bundle: await Server.start('plain', 'bundle')
}
const samples: Record<keyof typeof servers, Sample[]> = { bare: [], runner: [], bundle: [] }
const names = Object.keys(servers) as (keyof typeof servers)[]
for (const name of names) await servers[name].measure({ ...load, duration: 3 })
for (let round = 0; round < rounds; round += 1) {
  // Each round begins with another one: whoever comes first must not always be the same.
  for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
    samples[name].push(await servers[name].measure(load))
  }
}
for (const name of names) servers[name].stop()

const rows = [
  compare('plain route under AppRunner', 'bare Fastify', 0.98, samples.runner, samples.bare),
  compare('plain route, full bundle', 'bare Fastify', 0.97, samples.bundle, samples.bare)
]
console.log(values.json
  ? JSON.stringify({ node: process.version, rounds, rows, samples }, null, 2)
  : `Node ${process.version}, ${hasWrk ? 'wrk' : 'autocannon'}, ${rounds} rounds of ${load.duration} s each, median [min–max]\n\n${table(rows, hasWrk)}`)
process.exit()
