/**
 * The command without its process: arguments in, exit status out.
 *
 * @module
 */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { runApp } from '../plugins/runner/index.ts'
import { help, parseCommandLine, type Command } from './command-line.ts'
import { UsageError, explain } from './failure.ts'
import { loadApp } from './load.ts'

/** What the command needs of the world; a test hands in its own. */
export interface Surroundings {
  env: NodeJS.ProcessEnv
  print: (line: string) => void
  printError: (line: string) => void
}

/** Runs the command to its end and returns the exit status. */
export async function main (argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { env, print, printError } = surroundings
  try {
    const command = parseCommandLine(argv, env)
    if (command.action === 'help') print(help)
    else if (command.action === 'version') print(version())
    else await run(command, print)
    return 0
  } catch (error) {
    const { line, status } = explain(error)
    printError(line)
    return status
  }
}

async function run (command: Command, print: Surroundings['print']): Promise<void> {
  const { host, port, path, module = demo(), exportName, args } = command
  const app = await loadApp({ module, args, ...exportName === undefined ? {} : { exportName } })
  await runApp(app, {
    print,
    ...host === undefined ? {} : { host },
    ...port === undefined ? {} : { port },
    ...path === undefined ? {} : { path }
  })
}

/** The demo lies beside the sources; the published build does not have it. */
function demo (): string {
  const file = fileURLToPath(new URL('../examples/demo/app.ts', import.meta.url))
  if (existsSync(file)) return file
  throw new UsageError('No module to run: expected file.ts or file.ts:exportName (--help says more)')
}

function version (): string {
  const manifest: { version: string } = createRequire(import.meta.url)('fastify-aiohttp/package.json')
  return `fastify-aiohttp ${manifest.version}`
}
