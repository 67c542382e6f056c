/**
 * The command line: flags, environment, and the module to run.
 *
 * The flags are aiohttp's (`python -m aiohttp.web -H host -P port -U path module:function`), with long names.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { UsageError } from './failure.ts'

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
  /** The module to run; absent: the demo. */
  module?: string
  /** Which export of it; absent: the default export. */
  exportName?: string
  /** What the export is called with when it is a function. */
  args: string[]
}

/** Where the server listens when nothing says otherwise. */
export const defaultHost = '127.0.0.1'
export const defaultPort = 8080

/** What `--help` prints. */
export const help = `Usage: npm start -- [options] [module[:export] [arguments...]]

Runs a Fastify application until SIGINT or SIGTERM, then lets it finish its work.

  module[:export]    a file and one of its exports (default: its default export);
                     the export is an app, a plugin made with fastify-plugin, or a
                     function that is called with the arguments and returns an app.
                     Without a module the demo runs.

Options:
  -H, --host HOST    TCP host (default: $HOST or ${defaultHost})
  -P, --port PORT    TCP port, 0 for any free one (default: $PORT or ${defaultPort})
  -U, --path PATH    Unix socket; alone it replaces TCP
  -h, --help         print this
  -v, --version      print the version

Arguments that begin with "-" go behind "--": npm start -- app.ts:create -- --verbose
Exit status: 0 after a clean shutdown, 1 after a failure, 2 after a wrong command line.`

const flags = {
  host: { type: 'string', short: 'H' },
  port: { type: 'string', short: 'P' },
  path: { type: 'string', short: 'U' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' }
} as const

// sun_path holds 108 bytes on Linux and 104 elsewhere, one of them for the final zero.
const maxSocketPath = process.platform === 'linux' ? 107 : 103

/**
 * Reads the arguments behind `node server.ts`; the environment supplies `HOST` and `PORT`.
 *
 * @throws UsageError
 */
export function parseCommandLine (argv: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const { values, positionals } = parseFlags(argv)
  if (values.help) return { action: 'help', args: [] }
  if (values.version) return { action: 'version', args: [] }
  const [target, ...args] = positionals
  return { action: 'run', args, ...parseAddress(values, env), ...parseTarget(target) }
}

function parseFlags (argv: readonly string[]) {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...argv], options: flags, allowPositionals: true, tokens: true
    })
    const seen = new Set<string>()
    for (const token of tokens) {
      if (token.kind !== 'option') continue
      if (seen.has(token.name)) throw new UsageError(`Option --${token.name} is given twice`)
      seen.add(token.name)
    }
    return { values, positionals }
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error
    // Node adds advice behind the first sentence; ours is shorter.
    throw new UsageError(`${error.message.split(/\.\s|\n/, 1)[0]} (--help lists all options)`, { cause: error })
  }
}

function parseAddress (values: { host?: string, port?: string, path?: string }, env: NodeJS.ProcessEnv) {
  const path = checkPath(values.path)
  // As in aiohttp: a path alone means no TCP. The environment only replaces the defaults.
  if (path !== undefined && values.host === undefined && values.port === undefined) return { path }
  const host = values.host ?? (env.HOST || defaultHost)
  if (host === '') throw new UsageError('Invalid --host: expected a host name or an IP address, got ""')
  const port = values.port === undefined
    ? parsePort('PORT', env.PORT || String(defaultPort))
    : parsePort('--port', values.port)
  return { host, port, ...path === undefined ? {} : { path } }
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
