/**
 * One URL says which database: embedded, PostgreSQL, MySQL or MariaDB.
 *
 * @module
 */

import { AIO_ERR_DATABASE_URL } from './errors.ts'

/** The family of a database. */
export type DatabaseKind = 'pglite' | 'postgres' | 'mysql'

/** What a URL says. */
export interface DatabaseAddress {
  readonly kind: DatabaseKind
  /** The URL for the driver. */
  readonly url: string
  /** The URL with its password replaced, for logs. */
  readonly redacted: string
  /** The folder of an embedded database; `undefined` keeps it in memory. */
  readonly folder: string | undefined
  readonly user: string
  readonly name: string
  /** Host and port, or the path of a Unix socket. */
  readonly server: string
}

const kinds: Record<string, DatabaseKind> = {
  'pglite:': 'pglite', 'postgres:': 'postgres', 'postgresql:': 'postgres', 'mysql:': 'mysql', 'mariadb:': 'mysql'
}

const ports: Record<DatabaseKind, string> = { pglite: '', postgres: '5432', mysql: '3306' }

/**
 * Reads a URL; none is an embedded database in memory.
 *
 * @throws AIO_ERR_DATABASE_URL
 */
export function parseDatabaseUrl (url = 'pglite:'): DatabaseAddress {
  if (url.startsWith('pglite:')) return embedded(url)
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null) throw new AIO_ERR_DATABASE_URL(withoutPassword(url), 'it is no URL')
  const kind = kinds[parsed.protocol]
  const redacted = withoutPassword(parsed.href)
  if (kind === undefined) throw new AIO_ERR_DATABASE_URL(redacted, `"${parsed.protocol}" is unknown`)
  const socket = parsed.searchParams.get('host') ?? parsed.searchParams.get('socketPath')
  if (parsed.hostname === '' && socket === null) throw new AIO_ERR_DATABASE_URL(redacted, 'it names no host')
  const name = decodeURIComponent(parsed.pathname.slice(1))
  if (name === '') throw new AIO_ERR_DATABASE_URL(redacted, 'it names no database')
  if (kind === 'mysql') parsed.protocol = 'mysql:'
  return {
    kind,
    url: parsed.href,
    redacted,
    folder: undefined,
    user: decodeURIComponent(parsed.username),
    name,
    server: socket ?? `${parsed.hostname}:${parsed.port || ports[kind]}`
  }
}

function embedded (url: string): DatabaseAddress {
  const folder = url.slice('pglite:'.length).replace(/^\/\/(?!\/)/, '')
  const server = folder === '' ? 'memory' : folder
  return { kind: 'pglite', url, redacted: url, folder: folder || undefined, user: 'postgres', name: 'postgres', server }
}

function withoutPassword (url: string): string {
  return url.replace(/(:\/\/[^:@/]*):[^@/]*@/, '$1:***@')
}
