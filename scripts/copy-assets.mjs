/**
 * Puts what the compiler leaves behind where the compiled code looks for it: pages with their styles and scripts, and
 * the app that `fastify-aiohttp init` begins with.
 *
 * @module
 */

import { cpSync, existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

for (const plugin of readdirSync(path.join(root, 'plugins'))) {
  const from = path.join(root, 'plugins', plugin, 'page')
  if (existsSync(from)) cpSync(from, path.join(root, 'dist/plugins', plugin, 'page'), { recursive: true })
}
cpSync(path.join(root, 'cli/template'), path.join(root, 'dist/cli/template'), { recursive: true })
