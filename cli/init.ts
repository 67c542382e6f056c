/**
 * `fastify-aiohttp init`: a small complete app to begin with.
 *
 * @module
 */

import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../server/failure.ts'
import type { CliCommand } from './main.ts'

const template = fileURLToPath(new URL('template/', import.meta.url))

export const init: CliCommand = {
  summary: 'Makes a folder with an app: TypeScript, tests, Dockerfile',
  usage: 'fastify-aiohttp init FOLDER',
  options: {},
  words: [1, 1],
  async run ([folder = ''], _options, { print }) {
    const target = path.resolve(folder)
    const name = path.basename(target)
    if (!/^[a-z0-9][\w.-]*$/.test(name)) {
      throw new UsageError(`"${name}" is no name of a package: expected small letters, digits, dots and dashes`)
    }
    await mkdir(target, { recursive: true })
    if ((await readdir(target)).length > 0) throw new UsageError(`The folder ${target} is not empty`)
    await cp(template, target, { recursive: true })
    // npm would leave a file of its own name out of the package.
    await rename(path.join(target, 'gitignore'), path.join(target, '.gitignore'))
    await fillIn(path.join(target, 'package.json'), name)
    for (const file of ['README.md', 'Dockerfile']) await fillIn(path.join(target, file), name)
    print(`${target} is ready:\n\n  cd ${folder}\n  npm install\n  npm test\n  npm start`)
  }
}

async function fillIn (file: string, name: string): Promise<void> {
  const { version }: { version: string } = createRequire(import.meta.url)('fastify-aiohttp/package.json')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replaceAll('{{name}}', name).replaceAll('{{version}}', version))
}
