/**
 * Builds the site: the pages of docs/, the reference from the docstrings, a search, into build/site/.
 *
 * A link to a file that is no page, such as an example, leads to the repository at REPOSITORY_URL; without one it is
 * plain text.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const docs = path.join(here, '../docs')
const pages = path.join(here, 'build/pages')
const repository = process.env.REPOSITORY_URL
const run = (...words) => execFileSync(process.execPath, words, { cwd: here, stdio: 'inherit' })

rmSync(path.join(here, 'build'), { recursive: true, force: true })
mkdirSync(pages, { recursive: true })

for (const file of readdirSync(docs)) {
  if (!file.endsWith('.md')) cpSync(path.join(docs, file), path.join(pages, file), { recursive: true })
  // The front page of a site is what the README says.
  else write(file === 'index.md' ? 'pages.md' : file, readFileSync(path.join(docs, file), 'utf8').replaceAll('](index.md', '](pages.md'))
}
write('index.md', readFileSync(path.join(here, '../README.md'), 'utf8')
  .replaceAll('](docs/index.md', '](pages.md').replaceAll('](docs/', '](').replace(/\]\((?!https?:|#|[a-z-]+\.md)/g, '](../'))

run('node_modules/typedoc/bin/typedoc', '--logLevel', 'Error')
writeSidebar()
run('node_modules/vitepress/bin/vitepress.js', 'build')

function write (file, text) {
  writeFileSync(path.join(pages, file), text.replaceAll(/\[([^\]]*)\]\(\.\.\/([^)]*)\)/g, repository === undefined ? '$1' : `[$1](${repository}/blob/main/$2)`))
}

/** One page for each plugin, with what it exports below. */
function writeSidebar () {
  const reference = path.join(pages, 'reference')
  const items = readdirSync(reference, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => ({ text: name, link: `/reference/${name}/` }))
  writeFileSync(path.join(reference, 'typedoc-sidebar.json'), JSON.stringify(items))
}
