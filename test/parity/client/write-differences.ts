/**
 * Writes the rules of `differences.ts` into `docs/differences.md`, between the two marks of the client's section.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { renderDifferences } from './differences.ts'

const page = new URL('../../../docs/differences.md', import.meta.url)
const text = readFileSync(page, 'utf8')
writeFileSync(page, text.replace(/(<!-- client -->\n)[^]*(<!-- \/client -->)/, (_, begin, end) =>
  `${begin}\n${renderDifferences()}\n${end}`))
