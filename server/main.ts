/**
 * The command without its process: arguments in, exit status out.
 *
 * @module
 */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { runCluster } from '../plugins/cluster/index.ts'
import { runApp, TCPSite, UnixSite, type AppRunner } from '../plugins/runner/index.ts'
import { help, parseCommandLine, type Command } from './command-line.ts'
import { runWatching } from './dev.ts'
import { UsageError, explain } from './failure.ts'
import { importModule, loadApp } from './load.ts'
import { readSettings } from './settings.ts'

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
    const command = await readCommand(argv, env)
    if (command.action === 'help') print(help)
    else if (command.action === 'version') print(version())
    else await run(command, surroundings)
    return 0
  } catch (error) {
    const { line, status } = explain(error)
    printError(line)
    return status
  }
}

/** The command line alone says which file lies beneath it. */
async function readCommand (argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Command> {
  const command = parseCommandLine(argv, env)
  if (command.action !== 'run') return command
  return parseCommandLine(argv, env, await readSettings(command.config, env))
}

async function run (command: Command, { print, printError }: Surroundings): Promise<void> {
  const { host, port, path, sock, sites, module = demo(), exportName, args, logLevel, watch, serve, cluster } = command
  const target = {
    module, args, ...exportName === undefined ? {} : { exportName }, ...logLevel === undefined ? {} : { logLevel }
  }
  const options = {
    print,
    ...serve,
    ...host === undefined ? {} : { host },
    ...port === undefined ? {} : { port },
    ...path === undefined ? {} : { path },
    ...sock === undefined ? {} : { sock },
    ...sites === undefined ? {} : { sites: makerOf(sites) }
  }
  if (watch === true) await runWatching(target, options, { print, printError })
  else if (cluster === undefined) await runApp(await loadApp(target), options)
  else {
    const { preload, ...rest } = cluster
    await runCluster(() => loadApp(target), {
      ...options, ...rest, ...preload ? { preload: () => importModule(module) } : {}
    })
  }
}

function makerOf (sites: NonNullable<Command['sites']>) {
  return (runner: AppRunner) => sites.map(site =>
    'path' in site ? new UnixSite(runner, site.path) : new TCPSite(runner, site))
}

/** The demo lies beside the sources; the published build does not have it. */
function demo (): string {
  const file = fileURLToPath(new URL('../examples/polls/app.ts', import.meta.url))
  if (existsSync(file)) return file
  throw new UsageError('No module to run: expected file.ts or file.ts:exportName (--help says more)')
}

function version (): string {
  const manifest: { version: string } = createRequire(import.meta.url)('fastify-aiohttp/package.json')
  return `fastify-aiohttp ${manifest.version}`
}
