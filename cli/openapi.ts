/**
 * `fastify-aiohttp openapi`: the OpenAPI document of an app.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises'
import { stringifyYAML } from 'confbox'
import type {} from '../plugins/openapi/index.ts'
import { UsageError } from '../server/failure.ts'
import { lookAt } from './app.ts'
import type { CliCommand } from './main.ts'

export const openapi: CliCommand = {
  summary: 'Prints the OpenAPI document of an app, or writes it into a file',
  usage: 'fastify-aiohttp openapi module[:export] [--yaml] [--out FILE]',
  options: {
    yaml: { type: 'boolean', about: 'YAML in place of JSON' },
    out: { type: 'string', short: 'o', value: 'FILE', about: 'where to write it, in place of stdout' }
  },
  words: [1, 1],
  async run ([module = ''], { yaml, out }, { print }) {
    const document = await lookAt(module, app => {
      if (!app.hasDecorator('openapi')) throw new UsageError(`"${module}" does not register the openapi plugin`)
      return app.openapi.document()
    })
    const text = yaml === true ? stringifyYAML(document) : JSON.stringify(document, null, 2)
    if (typeof out === 'string') await writeFile(out, `${text.trimEnd()}\n`)
    else print(text.trimEnd())
  }
}
