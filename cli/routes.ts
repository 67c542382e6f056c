/**
 * `fastify-aiohttp routes`: every route of an app.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import type {} from '../plugins/routes/index.ts'
import { lookAt } from './app.ts'
import type { CliCommand } from './main.ts'

export const routes: CliCommand = {
  summary: 'Lists the routes of an app',
  usage: 'fastify-aiohttp routes module[:export] [--json] [--match TEXT]',
  options: {
    json: { type: 'boolean', about: 'for programs' },
    match: { type: 'string', value: 'TEXT', about: 'only those with TEXT in "METHOD path"' }
  },
  words: [1, 1],
  async run ([module = ''], { json, match }, { print }) {
    const found = await lookAt(module, list)
    if (typeof found === 'string') {
      print(found)
      return
    }
    const wanted = found.filter(row => typeof match !== 'string' || `${row.method} ${row.path}`.includes(match))
    if (json === true) print(JSON.stringify(wanted, null, 2))
    else for (const line of table(wanted)) print(line)
  }
}

/** What the routes plugin knows; without it, Fastify's own tree. */
function list (app: FastifyInstance) {
  if (!app.hasDecorator('routes')) return app.printRoutes({ commonPrefix: false })
  return app.routes.list().map(({ method, path, name = '', domain = '', handler, middlewares }) =>
    ({ method, path: domain + path, name, handler, middlewares: middlewares.join(' ') }))
}

type Row = { method: string, path: string, name: string, handler: string, middlewares: string }

function table (rows: readonly Row[]): string[] {
  const keys = ['method', 'path', 'name', 'handler', 'middlewares'] as const
  const widths = keys.map(key => Math.max(...rows.map(row => row[key].length), 0))
  return rows.map(row => keys.map((key, index) => row[key].padEnd(widths[index] ?? 0)).join('  ').trimEnd())
}
