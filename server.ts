/**
 * The process: `node --import=tsx server.ts [options] [module[:export]] [arguments...]`.
 *
 * The only file that knows argv, the environment and the exit status; nothing imports it.
 *
 * @module
 */

import { main } from './server/main.ts'

const status = await main(process.argv.slice(2), {
  env: process.env,
  print: line => console.log(line),
  printError: line => console.error(line)
})
// After a run the runner has set the status already: an uncaught error must stay visible.
if (status !== 0) process.exitCode = status
