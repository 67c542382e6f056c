/**
 * Migrations: found in a folder or given, run in the order of their names, and taken back.
 *
 * @module
 */

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Kysely, MigrationResultSet, Migrator } from 'kysely'
import { describe } from '../../lib/options.ts'
import { AIO_ERR_MIGRATION, AIO_ERR_MIGRATIONS } from './errors.ts'

/** One step of the schema, there and back. */
export interface Migration {
  up (db: Kysely<unknown>): Promise<void>
  /** Without it the step cannot be taken back. */
  down? (db: Kysely<unknown>): Promise<void>
}

/** What there is, and whether the database has it. */
export interface MigrationState {
  readonly name: string
  /** When it was run; `undefined` when it was not. */
  readonly executedAt: Date | undefined
}

/** Where to go: all that are missing, one forward, one back, or to the state after the migration of this name. */
export type MigrationTarget = 'latest' | 'up' | 'down' | (string & {})

/**
 * Reads the migrations of a folder: its JavaScript and TypeScript files, by their names.
 *
 * @throws AIO_ERR_MIGRATIONS for a folder that cannot be read, AIO_ERR_MIGRATION for a file that is none
 */
export async function readMigrations (
  source: string | URL | Readonly<Record<string, Migration>>
): Promise<Record<string, Migration>> {
  if (typeof source !== 'string' && !(source instanceof URL)) return checked(source)
  const folder = typeof source === 'string' ? path.resolve(source) : fileURLToPath(source)
  const files = await readdir(folder).catch((cause: Error) => {
    throw Object.assign(new AIO_ERR_MIGRATIONS(`the folder ${folder} cannot be read (${cause.message})`), { cause })
  })
  const found: Record<string, Migration> = {}
  for (const file of files.sort()) {
    if (!/(?<!\.d)\.[cm]?[jt]s$/.test(file)) continue
    const name = file.replace(/\.[^.]+$/, '')
    if (name in found) throw new AIO_ERR_MIGRATION(name, 'there are two files of that name')
    found[name] = await import(pathToFileURL(path.join(folder, file)).href) as Migration
  }
  return checked(found)
}

function checked (migrations: Readonly<Record<string, Migration>>): Record<string, Migration> {
  for (const [name, migration] of Object.entries(migrations)) {
    if (typeof migration?.up !== 'function') {
      throw new AIO_ERR_MIGRATION(name, `expected a function up(db), got ${describe(migration?.up)}`)
    }
  }
  return { ...migrations }
}

/**
 * Moves the database. Several processes may do so at once: one of them does the work, the others wait.
 *
 * @returns the names of the migrations that were run or taken back
 * @throws AIO_ERR_MIGRATION with the database's error as `cause`; the step is undone where the database can do that
 */
export async function migrateTo (
  migrator: Migrator, target: MigrationTarget, known: readonly string[]
): Promise<string[]> {
  const { error, results = [] } = await move(migrator, target, known)
  const failed = results.find(({ status }) => status === 'Error')
  const why = error instanceof Error ? error.message : String(error)
  if (failed !== undefined) throw Object.assign(new AIO_ERR_MIGRATION(failed.migrationName, why), { cause: error })
  if (error !== undefined) throw Object.assign(new AIO_ERR_MIGRATIONS(why), { cause: error })
  return results.filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName)
}

async function move (
  migrator: Migrator, target: MigrationTarget, known: readonly string[]
): Promise<MigrationResultSet> {
  if (target === 'latest') return await migrator.migrateToLatest()
  if (target === 'up') return await migrator.migrateUp()
  if (target === 'down') return await migrator.migrateDown()
  if (known.includes(target)) return await migrator.migrateTo(target)
  const names = known.join(', ') || 'none'
  throw new AIO_ERR_MIGRATIONS(`there is no migration "${target}"; there are ${names}, and latest, up, down`)
}
