/**
 * Installs the packed tarball into an empty project and uses it there as a stranger would.
 *
 * From ECMAScript modules, from CommonJS and from TypeScript; every subpath of `exports` is loaded both ways.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const project = mkdtempSync(path.join(os.tmpdir(), 'fastify-aiohttp-package-'))
const run = (command, ...args) => execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: 'pipe' })

let passed = 0
let failed = 0

try {
  let tarball
  step('the package builds and packs', () => { tarball = pack() })
  if (tarball === undefined) throw new Error('There is nothing to install')
  cpSync(path.join(root, 'test/fixtures/package'), project, { recursive: true })
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  step('publint finds nothing', () => tool('publint', 'run', tarball, '--strict'))
  step('its types are found by every resolution of ECMAScript modules', () =>
    tool('@arethetypeswrong/cli', tarball, '--profile', 'esm-only'))
  const tools = ['fastify', 'typescript', '@types/node'].map(name => `${name}@${installed(name)}`)
  step('the tarball installs', () => run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...tools))
  for (const subpath of Object.keys(manifest.exports)) {
    const name = manifest.name + subpath.slice(1)
    const attributes = subpath.endsWith('.json') ? ', { with: { type: "json" } }' : ''
    step(`import ${name}`, () => run(process.execPath, '--input-type=module', '-e', `await import("${name}"${attributes})`))
    step(`require ${name}`, () => run(process.execPath, '--input-type=commonjs', '-e', `require("${name}")`))
  }
  step('a class is the same by every subpath, under its own name', () => run(process.execPath, 'names.mjs'))
  step('JavaScript modules use it', () => run(process.execPath, 'use.mjs'))
  step('CommonJS uses it', () => run(process.execPath, 'use.cjs'))
  // Their types are named in ours: who checks the declarations of libraries (skipLibCheck: false) needs them.
  const named = ['kysely', 'prom-client', 'mongodb', 'ioredis'].map(name => `${name}@${installed(name)}`)
  step('the optional packages install', () => run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...named))
  step('TypeScript checks against it', () => run(process.execPath, 'node_modules/typescript/bin/tsc'))
  step('the command runs from it', () => {
    const server = path.join('node_modules', manifest.name, 'dist/server.js')
    const said = run(process.execPath, server, '--version').trim()
    if (said !== `${manifest.name} ${manifest.version}`) throw new Error(`It said "${said}"`)
  })
  step('the app of "init" passes its own tests, and starts', () => tryInit(tarball))
} catch (error) {
  if (failed === 0) throw error
} finally {
  rmSync(project, { recursive: true, force: true })
}

console.log(`${passed} passed, ${failed} failed, 0 skipped`)
process.exitCode = failed === 0 ? 0 : 1

/** Begins an app as a newcomer does, with the tarball in the place of the registry's package. */
function tryInit (tarball) {
  run(process.execPath, path.join('node_modules', manifest.name, 'dist/cli.js'), 'init', 'my-app')
  const cwd = path.join(project, 'my-app')
  const npm = (...args) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  npm('install', '--prefer-offline', '--no-audit', '--no-fund', tarball)
  npm('run', 'check')
  const script = `
    const child = require('node:child_process').spawn(process.execPath, ['--import=tsx', 'server.ts'],
      { env: { ...process.env, PORT: '0', LOG_LEVEL: 'silent' } })
    child.stdout.once('data', () => child.kill('SIGTERM'))
    child.once('exit', status => process.exit(status ?? 1))`
  execFileSync(process.execPath, ['-e', script], { cwd, encoding: 'utf8', stdio: 'pipe', timeout: 30_000 })
}

/** Packs the tree (which builds it) and returns the tarball's path. */
function pack () {
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', project], {
    cwd: root, encoding: 'utf8', stdio: 'pipe'
  })
  // What the build prints comes before the JSON; npm 11 and 12 differ in the shape of the JSON.
  const report = JSON.parse(output.slice(output.search(/^[[{]/m)))
  const [{ filename }] = Array.isArray(report) ? report : Object.values(report)
  return path.join(project, filename)
}

/** Runs a command of this tree's node_modules. */
function tool (name, ...args) {
  const { bin } = JSON.parse(readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8'))
  const file = typeof bin === 'string' ? bin : Object.values(bin)[0]
  execFileSync(process.execPath, [path.join(root, 'node_modules', name, file), ...args], { encoding: 'utf8', stdio: 'pipe' })
}

/** The version in this tree's node_modules, so that npm finds it in its cache. */
function installed (name) {
  return JSON.parse(readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8')).version
}

function step (name, action) {
  try {
    action()
    passed++
    console.log(`ok - ${name}`)
  } catch (error) {
    failed++
    console.log(`not ok - ${name}\n${error.stdout ?? ''}${error.stderr ?? error.message}`)
  }
}
