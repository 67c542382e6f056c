/**
 * The page that shows, in development, which line of a template failed.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import type { TemplateError } from './errors.ts'

/** Lines shown before and after. */
const around = 4

/** HTML with the message, the file and the lines around the one that failed. */
export function errorPage ({ file, line, message, cause }: TemplateError): string {
  const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Error in a template</title><style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
pre { background: #8881; overflow-x: auto; padding: 1rem } mark { display: block }
</style></head><body>
<h1>Error in a template</h1>
<p><strong>${escape(what)}</strong></p>
<p>${escape(file)}${line === undefined ? '' : `, line ${line}`}</p>
<pre>${excerpt(file, line) || escape(message)}</pre>
<p>This page is for development; in production the answer is a plain 500.</p>
</body></html>
`
}

function excerpt (file: string, line: number | undefined): string {
  if (line === undefined) return ''
  const from = Math.max(0, line - 1 - around)
  return linesOf(file).slice(from, line + around).map((text, index) => {
    const number = from + index + 1
    const shown = `${String(number).padStart(4)}  ${escape(text)}`
    return number === line ? `<mark>${shown}</mark>` : `${shown}\n`
  }).join('')
}

/** None for a template that is no file. */
function linesOf (file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

function escape (text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
