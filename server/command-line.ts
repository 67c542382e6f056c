/**
 * The command line: flags, environment, and the module to run.
 *
 * The flags are aiohttp's (`python -m aiohttp.web -H host -P port -U path module:function`), with long names.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { clusterFlags, clusterHelp, parseClusterFlags, type ClusterCommand } from './cluster-flags.ts'
import { UsageError } from './failure.ts'
import { inheritedSockets } from './inherited.ts'
import type { Settings } from './settings.ts'
import { parseTimes, timeFlags, timeHelp } from './time-flags.ts'

/** What the command line asks for. */
export interface Command {
  /** `help` and `version` print and end. */
  action: 'run' | 'help' | 'version'
  /** TCP host; absent when only a Unix socket is wanted. */
  host?: string
  /** TCP port; absent when only a Unix socket is wanted. */
  port?: number
  /** Path of a Unix socket. */
  path?: string
  /** Sockets that are open already. */
  sock?: readonly { readonly fd: number }[]
  /** Several addresses in place of host, port and path. */
  sites?: NonNullable<Settings['sites']>
  /** A file with settings. */
  config?: string
  /** The level of the app's log. */
  logLevel?: NonNullable<Settings['logLevel']>
  /** The module to run; absent: the demo. */
  module?: string
  /** Which export of it; absent: the default export. */
  exportName?: string
  /** What the export is called with when it is a function. */
  args: string[]
  /** Whether to load the module afresh when a file of it changes. */
  watch?: boolean
  /** Options of each process, with a master or without. */
  serve?: ClusterCommand['serve'] & ReturnType<typeof parseTimes>
  /** Options of the master; absent: there is one process. */
  cluster?: NonNullable<ClusterCommand['cluster']>
}

/** Where the server listens when nothing says otherwise. */
const defaultHost = '127.0.0.1'
export const defaultPort = 8080

/** What `--help` prints. */
export const help = `Usage: fastify-aiohttp run [options] [module[:export] [arguments...]]

Runs a Fastify application until SIGINT or SIGTERM, then lets it finish its work.

  module[:export]    a file and one of its exports (default: its default export);
                     the export is an app, a plugin made with fastify-plugin, or a
                     function that is called with the arguments and returns an app.
                     In a clone of the repository "npm start --" is the same,
                     and runs the demo without a module.

Options:
  -H, --host HOST    TCP host (default: $HOST or ${defaultHost})
  -P, --port PORT    TCP port, 0 for any free one (default: $PORT or ${defaultPort})
  -U, --path PATH    Unix socket; alone it replaces TCP
                     Sockets of LISTEN_FDS (systemd) replace TCP as well.
  -c, --config FILE  settings in .yaml, .yml, .json, .toml or .ini; flags win over them.
                     Behind the module it belongs to the module's function.
      --watch        on a change of a file load the module afresh and swap it in,
                     under the open connections
${timeHelp}
${clusterHelp}
  -h, --help         print this
  -v, --version      print the version

Unknown options behind the module are arguments, and all that is behind "--".
Exit status: 0 after a clean shutdown, 1 after a failure, 2 after a wrong command line,
3 when workers do not start or do not live.`

const flags = {
  host: { type: 'string', short: 'H' },
  port: { type: 'string', short: 'P' },
  path: { type: 'string', short: 'U' },
  config: { type: 'string', short: 'c' },
  watch: { type: 'boolean' },
  ...timeFlags,
  ...clusterFlags,
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' }
} as const

// sun_path holds 108 bytes on Linux and 104 elsewhere, one of them for the final zero.
const maxSocketPath = process.platform === 'linux' ? 107 : 103

/**
 * Reads the arguments behind `node server.ts`; the environment supplies `HOST` and `PORT`, beneath both are settings of
 * a file.
 *
 * @throws UsageError
 */
export function parseCommandLine (
  argv: readonly string[], env: NodeJS.ProcessEnv = {}, settings: Settings = {}
): Command {
  const { values, positionals } = parseFlags(argv)
  if (values.help) return { action: 'help', args: [] }
  if (values.version) return { action: 'version', args: [] }
  if (values.config === '') throw new UsageError('Invalid --config: expected the path of a file, got ""')
  const [target = settings.module, ...args] = positionals
  const { serve: shared, ...several } = parseClusterFlags(values, env, settings)
  const serve = { ...shared, ...parseTimes(values, settings) }
  if (several.cluster !== undefined && values.watch === true) {
    throw new UsageError('Options --watch and --workers exclude each other: SIGHUP reloads workers')
  }
  const address = parseAddress(values, env, settings)
  if (several.cluster !== undefined && address.sites !== undefined) {
    throw new UsageError('Several sites and several workers exclude each other: expected host, port or path with --workers')
  }
  return {
    action: 'run',
    args,
    ...values.watch === true ? { watch: true } : {},
    ...values.config === undefined ? {} : { config: values.config },
    ...settings.logLevel === undefined ? {} : { logLevel: settings.logLevel },
    ...several,
    ...Object.keys(serve).length === 0 ? {} : { serve },
    ...address,
    ...parseTarget(target)
  }
}

/**
 * Flags that nobody knows here are errors before the module and belong to its function behind it, as with
 * `node script.js --flag`. So does `--config`: an app has a configuration more often than we do.
 */
function parseFlags (argv: readonly string[]) {
  const { tokens } = parseArgs({ args: [...argv], options: flags, allowPositionals: true, tokens: true, strict: false })
  const target = tokens.find(token => token.kind === 'positional')?.index ?? argv.length
  const foreign = new Set(tokens
    .filter(token => token.kind === 'option' && token.index > target)
    .flatMap(token => token.kind === 'option' ? foreignIndexes(token) : []))
  const end = tokens.find(token => token.kind === 'option-terminator')?.index ?? argv.length
  const known = parseKnown(argv.filter((_, index) => !foreign.has(index)))
  const positionals = argv.filter((_, index) => foreign.has(index) || index > end ||
    tokens.some(token => token.kind === 'positional' && token.index === index))
  return { values: known, positionals }
}

/** Which arguments are not ours: a flag, and what was taken for its value. */
function foreignIndexes ({ name, index, value, inlineValue }: {
  name: string, index: number, value: string | undefined, inlineValue: boolean | undefined
}): number[] {
  if (name !== 'config') return Object.hasOwn(flags, name) ? [] : [index]
  return value === undefined || inlineValue === true ? [index] : [index, index + 1]
}

function parseKnown (argv: string[]) {
  try {
    const { values, tokens } = parseArgs({ args: argv, options: flags, allowPositionals: true, tokens: true })
    const seen = new Set<string>()
    for (const token of tokens) {
      if (token.kind !== 'option') continue
      if (seen.has(token.name)) throw new UsageError(`Option --${token.name} is given twice`)
      seen.add(token.name)
    }
    return values
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error
    // Node adds advice behind the first sentence; ours is shorter.
    throw new UsageError(`${error.message.split(/\.\s|\n/, 1)[0]} (--help lists all options)`, { cause: error })
  }
}

/** What `parseAddress()` finds; a part that is absent is not listened at. */
type Address = Pick<Command, 'host' | 'port' | 'path' | 'sock' | 'sites'>

function parseAddress (
  values: { host?: string, port?: string, path?: string }, env: NodeJS.ProcessEnv, settings: Settings
): Address {
  const path = checkPath(values.path ?? settings.path)
  const sock = inheritedSockets(env, process.pid).map(({ fd }) => ({ fd }))
  const isTCPWanted = [values.host, values.port, settings.host, settings.port].some(given => given !== undefined)
  const isFlagGiven = [values.host, values.port, values.path].some(given => given !== undefined)
  // Sites of a file give way to an address on the command line.
  const sites = isFlagGiven ? undefined : settings.sites
  const elsewhere = {
    ...path === undefined ? {} : { path }, ...sock.length === 0 ? {} : { sock }, ...sites === undefined ? {} : { sites }
  }
  // As in aiohttp: a path alone means no TCP. HOST and PORT only replace the defaults.
  if (Object.keys(elsewhere).length > 0 && !isTCPWanted) return elsewhere
  const host = values.host ?? (env.HOST || settings.host || defaultHost)
  if (host === '') throw new UsageError('Invalid --host: expected a host name or an IP address, got ""')
  const port = values.port === undefined
    ? parsePort('PORT', env.PORT || String(settings.port ?? defaultPort))
    : parsePort('--port', values.port)
  return { host, port, ...elsewhere }
}

function parsePort (source: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (port <= 65535) return port
  throw new UsageError(`Invalid ${source}: expected a whole number from 0 to 65535, got "${text}"`)
}

function checkPath (path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  if (path === '') throw new UsageError('Invalid --path: expected the path of a Unix socket, got ""')
  const bytes = Buffer.byteLength(path)
  if (bytes <= maxSocketPath) return path
  throw new UsageError(`Invalid --path: a Unix socket path has at most ${maxSocketPath} bytes, "${path}" has ${bytes}`)
}

function parseTarget (target: string | undefined): { module?: string, exportName?: string } {
  if (target === undefined) return {}
  const colon = target.lastIndexOf(':')
  // In a drive letter (C:\app.ts) and in a URL the colon is part of the module.
  if (colon === -1 || /[\\/]/.test(target.charAt(colon + 1))) return { module: checkModule(target, target) }
  const exportName = target.slice(colon + 1)
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(exportName)) {
    throw new UsageError(`Invalid module "${target}": expected file.ts or file.ts:exportName`)
  }
  return { module: checkModule(target.slice(0, colon), target), exportName }
}

function checkModule (module: string, target: string): string {
  if (module.trim() === '') throw new UsageError(`Invalid module "${target}": expected file.ts or file.ts:exportName`)
  return module
}
