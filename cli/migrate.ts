/**
 * `fastify-aiohttp migrate`: runs the migrations of a database, takes them back, or says where it stands.
 *
 * @module
 */

import { Database } from '../plugins/database/index.ts'
import type { CliCommand } from './main.ts'

export const migrate: CliCommand = {
  summary: 'Runs migrations: latest (the default), up, down, a name, or status',
  usage: 'fastify-aiohttp migrate [latest|up|down|NAME|status] [--url URL] [--migrations FOLDER]',
  options: {
    url: { type: 'string', value: 'URL', about: 'the database (default: $DATABASE_URL)' },
    migrations: { type: 'string', value: 'FOLDER', about: 'where the migrations are (default: migrations)' }
  },
  words: [0, 1],
  async run ([target = 'latest'], { url, migrations = 'migrations' }, { env, print }) {
    const database = new Database({
      url: typeof url === 'string' ? url : env['DATABASE_URL'], migrations: String(migrations), migrate: false
    })
    await using open = await database.open()
    if (target === 'status') {
      for (const { name, executedAt } of await open.migrations()) {
        print(`${name}  ${executedAt === undefined ? 'not run' : executedAt.toISOString()}`)
      }
      return
    }
    const names = await open.migrate(target)
    for (const name of names) print(target === 'down' ? `${name} taken back` : `${name} run`)
    if (names.length === 0) print('Nothing to do')
  }
}
