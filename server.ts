/**
 * The process: `node --import=tsx server.ts [options] [module[:export]] [arguments...]`.
 *
 * The only file that knows argv, the environment and the exit status; nothing imports it.
 *
 * @module
 */

import { main } from './server/main.ts'
import { outliveReaders } from './server/output.ts'

outliveReaders(process.stdout, process.stderr)
// A module that awaits what never comes would end the process without a word (status 13).
process.once('beforeExit', unfinished)

const status = await main(process.argv.slice(2), {
  env: process.env,
  print: line => console.log(line),
  printError: line => console.error(line)
})
process.off('beforeExit', unfinished)
// After a run the runner has set the status already: an uncaught error must stay visible.
if (status !== 0) process.exitCode = status

function unfinished () {
  console.error('fastify-aiohttp: The module has not finished loading: its top-level await never settles')
  process.exitCode = 1
}
