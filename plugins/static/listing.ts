/**
 * The page that lists a directory, laid out as aiohttp's.
 *
 * Names come from the disk and may hold anything: every one is escaped, in the text and in the link.
 *
 * @module
 */

import { requote } from '../../lib/quote.ts'
import type { Entry } from './folder.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#x27;'
}

/**
 * The HTML of a listing: `base` is the directory's path in URLs (encoded, no final slash), `directory` its name below
 * the root.
 */
export function renderListing (base: string, directory: string, entries: readonly Entry[]): string {
  const title = `Index of /${escapeHtml(directory === '' ? '.' : directory)}`
  const items = entries.map(({ name, directory }) => {
    const href = `${base}/${encodePath(name)}`
    return `<li><a href="${escapeHtml(href)}">${escapeHtml(name)}${directory ? '/' : ''}</a></li>`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
</head>
<body>
<h1>${title}</h1>
<ul>
${items.join('\n')}
</ul>
</body>
</html>
`
}

/** Encodes a path for a URL as aiohttp does, slashes kept. */
export function encodePath (text: string): string {
  return requote(text.replaceAll('%', '%25'), 'path')
}

function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character] ?? character)
}
