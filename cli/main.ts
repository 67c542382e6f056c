/**
 * The commands of the command line: which there are, and what to say to everything else.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { explain, UsageError } from '../server/failure.ts'
import { main as serve, type Surroundings } from '../server/main.ts'

/** One option of a command. */
export interface CliOption {
  readonly type: 'boolean' | 'string'
  readonly short?: string
  /** What stands behind it, in capital letters. */
  readonly value?: string
  readonly about: string
}

/** One command. */
export interface CliCommand {
  /** What it does, in one line. */
  readonly summary: string
  readonly usage: string
  readonly options: Readonly<Record<string, CliOption>>
  /** How many words it takes besides options. */
  readonly words: readonly [least: number, most: number]
  /** @throws UsageError, or what goes wrong */
  run (words: readonly string[], options: Readonly<Record<string, unknown>>, surroundings: Surroundings): Promise<void>
}

const commands: Record<string, () => Promise<CliCommand>> = {
  routes: async () => (await import('./routes.ts')).routes,
  openapi: async () => (await import('./openapi.ts')).openapi,
  migrate: async () => (await import('./migrate.ts')).migrate,
  init: async () => (await import('./init.ts')).init
}

/** Runs a command to its end and returns the exit status: 0, 1 when it failed, 2 when it was called wrongly. */
export async function main (argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name = '--help', ...rest] = argv
  if (name === 'run') return await serve(rest, surroundings)
  if (['--version', '-v', '-V'].includes(name)) return await serve(['--version'], surroundings)
  try {
    if (name === '--help' || name === '-h' || name === 'help') surroundings.print(await help())
    else await runCommand(name, rest, surroundings)
    return 0
  } catch (error) {
    const { line, status } = explain(error)
    surroundings.printError(line)
    return status
  }
}

async function runCommand (name: string, argv: string[], surroundings: Surroundings): Promise<void> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (load === undefined) {
    throw new UsageError(`Unknown command "${name}": there are run, ${Object.keys(commands).join(', ')} (--help says more)`)
  }
  const command = await load()
  const { words, options } = parse(name, command, argv)
  if (options['help'] === true) surroundings.print(helpOf(command))
  else await command.run(words, options, surroundings)
}

function parse (name: string, command: CliCommand, argv: string[]) {
  const [least, most] = command.words
  let parsed
  try {
    parsed = parseArgs({
      args: argv, allowPositionals: true, options: { ...command.options, help: { type: 'boolean', short: 'h' } }
    })
  } catch (error) {
    // Node's first sentence says what is wrong, the second guesses.
    const [what = ''] = (error as Error).message.split('. ')
    throw new UsageError(`${what}. Usage: ${command.usage}`)
  }
  const { positionals: words, values: options } = parsed
  if (options['help'] !== true && (words.length < least || words.length > most)) {
    const wanted = least === most ? 'one argument' : `${least} or ${most} arguments`
    throw new UsageError(`"${name}" takes ${wanted}, got ${words.length}. Usage: ${command.usage}`)
  }
  return { words, options }
}

async function help (): Promise<string> {
  const loaded = await Promise.all(Object.values(commands).map(load => load()))
  const rows = [
    { usage: 'fastify-aiohttp run [options] [module[:export]]', summary: 'Serves an app' },
    ...loaded
  ]
  return [
    'Usage: fastify-aiohttp COMMAND', '',
    ...rows.flatMap(({ usage, summary }) => [`  ${usage}`, `      ${summary}`]), '',
    '"fastify-aiohttp COMMAND --help" says more.'
  ].join('\n')
}

function helpOf ({ usage, summary, options }: CliCommand): string {
  const rows = Object.entries(options).map(([name, { short, value, about }]) => {
    const flag = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
    return `  ${flag.padEnd(24)}${about}`
  })
  return [`Usage: ${usage}`, '', summary, ...(rows.length === 0 ? [] : ['', 'Options:', ...rows])].join('\n')
}
