/**
 * Joins the compiled package into few files: most of an app's start is the reading of modules, and there are some 400.
 *
 * What the bundle loads at once becomes one file that everything shares, so that a class is the same by whichever
 * subpath it is imported; what it loads on demand keeps files of its own. No name is shortened, and source maps lead to
 * the sources.
 *
 * @module
 */

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))

/**
 * CommonJS packages that every app needs. Node looks through each that is imported for the names it exports, which
 * takes longer than to load it; these come by one small file of require() calls, which bundlers understand, too.
 */
const required = ['@fastify/error', 'fastify-plugin', 'find-my-way', 'secure-json-parse', 'ws']

const settings = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  logLevel: 'warning',
  outbase: '.',
  outdir: 'dist',
  packages: 'external',
  platform: 'node',
  sourcemap: true,
  // The sources are part of the package.
  sourcesContent: false,
  target: 'es2023'
}

/** The sources of the package's entries. */
const doors = Object.values(manifest.exports).filter(({ default: file }) => file?.endsWith('.js'))
  .map(({ default: file }) => path.posix.relative('dist', file).replace(/js$/, 'ts'))

const { exportsOf, given, others, shared } = await explore()
removeCompiled()
await buildShared()
await buildOthers()
for (const door of doors) if (shared.has(door)) writeDoor(door)

/** What is loaded with app.ts, what is loaded besides, and what the first has to give to everybody else. */
async function explore () {
  const { metafile: { inputs, outputs } } =
    await build({ ...settings, entryPoints: sources(), metafile: true, splitting: true, write: false })
  const importsOf = (file, wanted) => inputs[file].imports
    .filter(({ external = false, kind }) => !external && (kind === 'dynamic-import') === wanted.dynamic)
    .map(({ path }) => path)
  const shared = new Set(['app.ts'])
  for (const file of shared) for (const to of importsOf(file, { dynamic: false })) shared.add(to)
  const entries = [...doors, ...[...shared].flatMap(file => importsOf(file, { dynamic: true }))]
  const others = new Set(entries.filter(file => !shared.has(file)))
  const given = new Set(doors.filter(door => shared.has(door)))
  const rest = new Set(others)
  for (const file of rest) {
    for (const to of importsOf(file, { dynamic: false })) (shared.has(to) ? given : rest).add(to)
  }
  const exportsOf = new Map(Object.values(outputs).map(({ entryPoint, exports }) => [entryPoint, exports]))
  return { exportsOf, given: [...given], others: [...others], shared }
}

function sources () {
  const files = ['lib', 'plugins'].flatMap(folder => readdirSync(path.join(root, folder), { recursive: true })
    .map(file => path.posix.join(folder, file.replaceAll('\\', '/'))))
  return ['app.ts', ...files.filter(file => file.endsWith('.ts'))]
}

/** Leaves the declarations, and the programs: they find files beside themselves. */
function removeCompiled () {
  for (const file of readdirSync(path.join(root, 'dist'), { recursive: true })) {
    if (/^(app|(lib|plugins)[/\\].*)\.js(\.map)?$/.test(file)) rmSync(path.join(root, 'dist', file))
  }
}

/** All that is loaded with app.ts; twice, for only then it is seen which classes have lost their names. */
async function buildShared () {
  const exported = new Map(given.flatMap(file => namesOf(file, (name, alias) => [alias, { name, file }])))
  const lines = [...exported].map(([alias, { name, file }]) => `export { ${name} as ${alias} } from './${file}'`)
  await writeShared(lines)
  const built = await import(pathToFileURL(path.join(root, 'dist/lib/shared.js')).href)
  for (const [alias, { name, file }] of exported) {
    if (name === 'default' || !isRenamed(built[alias], name)) continue
    lines.push(`import { ${name} as ${alias} } from './${file}'`,
      `Object.defineProperty(${alias}, 'name', { value: '${name}', configurable: true })`)
  }
  await writeShared(lines)
}

/** Where two sources use a name, or a class uses its own, the bundler gives another one. */
function isRenamed (value, name) {
  return typeof value === 'function' && value.name !== name && value.name.replace(/^_|\d+$/g, '') === name
}

async function writeShared (lines) {
  const used = new Set()
  await build({
    ...settings,
    entryPoints: [{ in: 'shared', out: 'lib/shared' }],
    plugins: [{ name: 'shared', setup: context => setupShared(context, lines.join('\n'), used) }]
  })
  const packages = [...used].sort().map(name => `  '${name}': require('${name}')`).join(',\n')
  writeFileSync(path.join(root, 'dist/lib/packages.cjs'), `'use strict'\n\nexports.packages = {\n${packages}\n}\n`)
}

function setupShared ({ onLoad, onResolve }, contents, used) {
  onResolve({ filter: /^shared$/ }, () => ({ path: 'shared', namespace: 'entry' }))
  onLoad({ filter: /./, namespace: 'entry' }, () => ({ contents, resolveDir: root }))
  onResolve({ filter: /^\./ }, ({ importer, kind, path: to }) => kind !== 'dynamic-import'
    ? undefined
    : { path: `../${fromRoot(importer, to).replace(/ts$/, 'js')}`, external: true })
  onResolve({ filter: new RegExp(`^(${required.join('|')})$`) }, ({ path }) => {
    used.add(path)
    return { path, namespace: 'required' }
  })
  onResolve({ filter: /./, namespace: 'required' }, ({ path }) => ({ path, external: true }))
  onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
    contents: `import { packages } from './packages.cjs'\nmodule.exports = packages['${path}']`
  }))
}

/** What is loaded on demand, with what several of these need; what is shared comes from the shared file. */
async function buildOthers () {
  const names = new Set(given.flatMap(file => namesOf(file, (_name, alias) => alias)))
  const bridge = `export { ${[...names].join(', ')} } from './shared.js'`
  await build({
    ...settings,
    chunkNames: 'lib/[name]-[hash]',
    entryPoints: others,
    splitting: true,
    plugins: [{ name: 'others', setup: context => setupOthers(context, bridge) }]
  })
}

function setupOthers ({ onLoad, onResolve }, bridge) {
  onResolve({ filter: /^\./ }, ({ importer, kind, path: to }) =>
    kind === 'import-statement' && shared.has(fromRoot(importer, to))
      ? { path: fromRoot(importer, to), namespace: 'shared' }
      : undefined)
  onLoad({ filter: /./, namespace: 'shared' }, ({ path: file }) => ({
    contents: `export { ${namesOf(file, (name, alias) => `${alias} as ${name}`).join(', ')} } from 'bridge'`
  }))
  // One module for all, so that it stands beside the shared file.
  onResolve({ filter: /^bridge$/ }, () => ({ path: 'bridge', namespace: 'bridge' }))
  onLoad({ filter: /./, namespace: 'bridge' }, () => ({ contents: bridge }))
  onResolve({ filter: /./, namespace: 'bridge' }, ({ path }) => ({ path, external: true }))
}

/** A door to what the shared file holds. */
function writeDoor (door) {
  const from = path.posix.relative(path.posix.dirname(door), 'lib/shared.js').replace(/^(?!\.)/, './')
  const names = namesOf(door, (name, alias) => `${alias} as ${name}`)
  writeFileSync(path.join(root, 'dist', door.replace(/ts$/, 'js')), `export { ${names.join(', ')} } from '${from}'\n`)
}

/** The exports of a source, with what they are called in the shared file: those of app.ts by their own names. */
function namesOf (file, write) {
  const own = new Set(exportsOf.get('app.ts'))
  const prefix = file.replace(/\.ts$/, '').replaceAll(/\W/g, '_')
  return exportsOf.get(file)
    .map(name => write(name, name !== 'default' && own.has(name) ? name : `${prefix}$${name}`))
}

/** What a source imports, as a path from the root. */
function fromRoot (importer, to) {
  return path.posix.join(path.posix.dirname(path.relative(root, importer).replaceAll('\\', '/')), to)
}
