/**
 * Releases: node scripts/release.mjs patch|minor|major [--publish]
 *
 * Checks that the tree is clean and everything passes, raises the version, dates the CHANGELOG and tags. With --publish,
 * in a workflow with an identity token, it publishes with provenance: npm then shows which commit a version came from.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [step, publish] = process.argv.slice(2)
const run = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: 'inherit' })
const ask = (command, ...args) => execFileSync(command, args, { cwd: root, encoding: 'utf8' }).trim()

if (!['patch', 'minor', 'major'].includes(step)) fail('Say which: patch, minor or major')
if (publish !== undefined && publish !== '--publish') fail(`Unknown option ${publish}: there is only --publish`)
if (ask('git', 'status', '--porcelain') !== '') fail('The tree has changes that are not committed')

run('bash', '.ci/run')
run('npm', 'version', step, '--no-git-tag-version')
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
dateChangelog(version)
run('git', 'commit', '--all', '--message', `Release ${version}`)
run('git', 'tag', `v${version}`)
if (publish === '--publish') run('npm', 'publish', '--provenance', '--access', 'public')

/** The section of what is not released yet becomes that of the version. */
function dateChangelog (version) {
  const file = path.join(root, 'CHANGELOG.md')
  const text = readFileSync(file, 'utf8')
  const heading = /^## .*\(unreleased\)$/m
  if (!heading.test(text)) fail('The CHANGELOG has no section marked "(unreleased)"')
  writeFileSync(file, text.replace(heading, `## ${version} (${new Date().toISOString().slice(0, 10)})`))
}

function fail (message) {
  console.error(message)
  process.exit(1)
}
