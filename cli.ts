#!/usr/bin/env node
/**
 * The command `fastify-aiohttp`: run an app, look at it, or begin one.
 *
 * @module
 */

import { main } from './cli/main.ts'
import { outliveReaders } from './server/output.ts'

outliveReaders(process.stdout, process.stderr)
const status = await main(process.argv.slice(2), {
  env: process.env,
  print: line => console.log(line),
  printError: line => console.error(line)
})
// After a run the runner has set the status already: an uncaught error must stay visible.
if (status !== 0) process.exitCode = status
