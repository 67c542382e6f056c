/**
 * Compares what the package does with what others do, in alternating rounds of one run, for absolute figures of a
 * shared machine mean little. Needs Linux, which counts the processor time of every process.
 *
 *     npm run bench                                  the table, in about a quarter of an hour
 *     npm run bench -- --only static                 one part; several with commas
 *     npm run bench -- --rounds 15 --seconds 2       steadier medians
 *     npm run bench -- --full                        the sizes of the goals: a million requests, 10,000 websockets …
 *     npm run bench -- --json                        for machines
 *     npm run bench -- --write docs/benchmarks.md    puts the table into the page, between its markers
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Entry, Row } from './compare.ts'
import { environment } from './environment.ts'
import { pin } from './program.ts'
import aiohttp from './rows/aiohttp.ts'
import client from './rows/client.ts'
import connections from './rows/connections.ts'
import exceptions from './rows/exceptions.ts'
import log from './rows/log.ts'
import memory from './rows/memory.ts'
import plain from './rows/plain.ts'
import routes from './rows/routes.ts'
import start from './rows/start.ts'
import staticFiles from './rows/static.ts'
import unused from './rows/unused.ts'
import websockets from './rows/websockets.ts'
import workers from './rows/workers.ts'
import { table } from './table.ts'

const entries: readonly Entry[] = [
  plain, aiohttp, exceptions, unused, staticFiles, websockets, connections, client, workers, start, memory, routes, log
]

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    write: { type: 'string' }
  }
})

/** Those that were asked for. */
function chosen (): readonly Entry[] {
  if (values.only === undefined) return entries
  const wanted = values.only.split(',')
  const unknown = wanted.filter(name => !entries.some(entry => entry.name === name))
  if (unknown.length > 0) {
    console.error(`There is no ${unknown.join(', ')}; there are ${entries.map(({ name }) => name).join(', ')}`)
    process.exit(2)
  }
  return entries.filter(({ name }) => wanted.includes(name))
}

/** Replaces what stands between the markers of a page. */
function write (page: string, text: string): void {
  const before = readFileSync(page, 'utf8')
  const after = before.replace(/(<!-- results -->\n)[\s\S]*(<!-- end of results -->)/, (_all, start, end) => `${start}\n${text}\n\n${end}`)
  if (after === before) throw new Error(`${page} has no markers "results" and "end of results"`)
  writeFileSync(page, after)
}

const options = { rounds: Number(values.rounds), seconds: Number(values.seconds), full: values.full }
pin(process.pid, '1')
const begin = performance.now()
const rows: Row[] = []
const failures: string[] = []
for (const { name, run } of chosen()) {
  console.error(`${name} …`)
  try {
    rows.push(...await run(options))
  } catch (error) {
    // One part that cannot be measured must not cost the others.
    failures.push(name)
    console.error(error)
  }
}
const minutes = Math.ceil((performance.now() - begin) / 60_000)
const how = `${environment()}. ${options.rounds} rounds of ${options.seconds} s, ${minutes} minutes in all.`
const text = `${how}\n\n${table(rows)}`
console.log(values.json ? JSON.stringify({ environment: how, options, rows, failures }, null, 2) : text)
if (values.write !== undefined) write(values.write, text)
process.exit(failures.length === 0 ? 0 : 1)
