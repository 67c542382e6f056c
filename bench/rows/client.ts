/** The client session next to other HTTP clients: JSON fetched and JSON sent, 64 requests at once. */

import { alternate, compare, skipped, type Entry, type Row, type Sample } from '../compare.ts'
import { aiohttpVersion, loadWithAiohttp } from '../peers.ts'
import { Program } from '../program.ts'

/** What we are compared with, and the least ratio that is good enough. */
const others = { undici: 0.9, fetch: 1, got: 1, axios: 1 } as const
const names = ['ours', 'undici', 'fetch', 'got', 'axios'] as const
const methods = ['GET', 'POST'] as const

type Name = (typeof names)[number]

export default {
  name: 'client',
  async run ({ rounds, seconds }) {
    const server = await Program.fork('servers/json.ts', [], { processors: '1' })
    const clients = Object.fromEntries(await Promise.all(names.map(async name =>
      [name, await Program.fork('clients/load.ts', [name, String(server.port)])]))) as Record<Name, Program>
    const version = aiohttpVersion()
    const rows: Row[] = []
    for (const method of methods) {
      const players = {
        ...Object.fromEntries(names.map(name => [name, () => clients[name].ask<Sample>({ method, seconds })])),
        ...version !== undefined && { aiohttp: () => loadWithAiohttp(server.port, method, seconds) }
      } as Record<Name | 'aiohttp', () => Promise<Sample>>
      const samples = await alternate(players, rounds)
      const what = `client, ${method} JSON`
      for (const [name, least] of Object.entries(others)) {
        const against = name === 'undici' ? 'undici request()' : name
        rows.push(compare({ what, against, goal: { least } }, samples.ours, samples[name as Name]))
      }
      const title = { what, against: `aiohttp ${version ?? ''}`.trim(), goal: { least: 1 } }
      rows.push(version === undefined ? skipped(title, 'no aiohttp') : compare(title, samples.ours, samples.aiohttp))
    }
    for (const program of [server, ...Object.values(clients)]) program.stop()
    return rows
  }
} satisfies Entry
