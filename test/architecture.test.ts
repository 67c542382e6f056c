import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import 'tsx'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))

const layer1 = 'plugins/(state|signals|exceptions|responses)\\b'
/** What the files of each layer may import at run time, besides their own folder and npm packages. */
const layers: [file: RegExp, allowed: RegExp][] = [
  [/^lib\//, /^lib\//],
  [new RegExp(`^${layer1}`), /^lib\//],
  [/^plugins\/testing\b/, new RegExp(`^(lib/|${layer1}|plugins/(runner|cluster|client-session)\\b)`)],
  [/^plugins\/cluster\b/, new RegExp(`^(lib/|${layer1}|plugins/runner/index\\.ts$)`)],
  [/^plugins\//, new RegExp(`^(lib/|${layer1})`)],
  [/^app\.ts$/, /^plugins\/(?!testing)([\w-]+\.ts|[\w-]+\/index\.ts)$|^lib\//],
  [/^cli(\.ts|\/)/, /^(cli\/|server\/|plugins\/[\w-]+(\.ts|\/index\.ts)$)/],
  [/^server(\.ts|\/)/, /^(server\/|app\.ts$|plugins\/(runner|cluster|config)(\.ts|\/index\.ts)$|lib\/)/]
]

interface Import { from: string, to: string, typeOnly: boolean }

/** Every TypeScript source of ours, as a path from the root. */
const sources = ['app.ts', 'server.ts', 'cli.ts', ...['lib', 'plugins', 'server', 'cli'].flatMap(folder => list(folder))]
  .filter(file => existsSync(path.join(root, file)))
const imports = sources.flatMap(importsOf)
const plugins = readdirSync(path.join(root, 'plugins'), { withFileTypes: true })
  .filter(entry => entry.isDirectory() || entry.name.endsWith('.ts'))
  .map(entry => ({
    name: path.parse(entry.name).name,
    file: entry.isDirectory() ? `plugins/${entry.name}/index` : `plugins/${path.parse(entry.name).name}`
  }))

t.test('every file imports only from the layers below it', async t => {
  t.ok(imports.length > 10, 'the imports are found')
  for (const { from, to, typeOnly } of imports) {
    const own = from.startsWith('plugins/') && folderOf(from) === folderOf(to)
    const allowed = layers.find(([file]) => file.test(from))?.[1]
    if (own || (typeOnly && to.startsWith('plugins/') && from.startsWith('plugins/'))) continue
    t.ok(allowed?.test(to), `${from} may not import ${to}`)
  }
})

t.test('a folder has one door, its index.ts, and its siblings do not go through it', async t => {
  for (const { from, to } of imports.filter(({ to }) => /^plugins\/[\w-]+\//.test(to))) {
    if (folderOf(from) === folderOf(to)) t.not(path.basename(to), 'index.ts', `${from} imports its own door`)
    else t.equal(path.basename(to), 'index.ts', `${from} imports ${to} past the door`)
  }
})

t.test('no file imports itself, over however many others', async t => {
  t.same(cycles(), [])
})

t.test('only a door touches fastify at run time', async t => {
  for (const file of sources.filter(file => /^(lib|plugins)\//.test(file))) {
    if (/^plugins\/([\w-]+|[\w-]+\/index)\.ts$/.test(file)) continue
    t.notMatch(read(file), /^import (?!type\b).*from '(fastify|fastify-plugin)'/m, file)
  }
})

t.test('no source says any', async t => {
  for (const file of sources) {
    const code = read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'|`[^`]*`/g, '')
    t.notMatch(code, /(:|\bas|<|\|)\s*any\b/, file)
  }
})

t.test('every file opens with what it is', async t => {
  for (const file of sources) t.match(read(file), /^(#!.*\n)?\/\*\*[\s\S]*?@module\s*\*\//, file)
})

t.test('the exports map is the list of plugins', async t => {
  const expected: Record<string, unknown> = {
    '.': { types: './dist/app.d.ts', default: './dist/app.js' },
    './package.json': './package.json'
  }
  for (const { name, file } of plugins) {
    expected[`./${name}`] = { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` }
  }

  t.same(manifest.exports, expected)
})

t.test('app.ts re-exports every plugin, so that its types reach who imports the bundle', async t => {
  for (const { name, file } of plugins) {
    if (name === 'testing') continue
    // One that is loaded when it is asked for has nothing but types to give.
    const values = Object.keys(await import(`../${file}.ts`)).filter(value => value !== 'default')
    const lazy = values.length === 0 && read('app.ts').includes(`export type * from './${file}.ts'\n`)
    t.ok(lazy || read('app.ts').includes(`export * from './${file}.ts'\n`), file)
  }
})

t.test('every plugin has a page, an example and a test', async t => {
  const index = read('docs/index.md')
  const readme = read('README.md')
  for (const { name, file } of plugins) {
    t.ok(existsSync(path.join(root, `docs/${name}.md`)), `docs/${name}.md`)
    t.ok(existsSync(path.join(root, `examples/${name}.ts`)), `examples/${name}.ts`)
    const tests = [`test/${file}.test.ts`, `test/plugins/${name}.test.ts`, `test/plugins/${name}`]
    t.ok(tests.some(test => existsSync(path.join(root, test))), `a test of ${name}`)
    t.ok(index.includes(`(${name}.md)`), `docs/index.md lists ${name}`)
    t.ok(readme.includes(`(docs/${name}.md)`), `README.md lists ${name}`)
  }
})

function list (folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map(file => path.posix.join(folder, file.replaceAll('\\', '/')))
    // An app for others, which imports the package by its name.
    .filter(file => file.endsWith('.ts') && !file.startsWith('cli/template/'))
}

function read (file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

function importsOf (from: string): Import[] {
  const statements = read(from).matchAll(/^(?:import|export)\s(?<what>[^'"]*?)(?:from\s)?'(?<to>\.[^']+)'/gm)
  return [...statements].map(({ groups }) => ({
    from,
    to: path.posix.join(path.posix.dirname(from), groups!.to!),
    typeOnly: groups!.what!.startsWith('type ')
  }))
}

/** The feature's folder or file: what other features see as one thing. */
function folderOf (file: string): string {
  return file.split('/').slice(0, 2).join('/')
}

/** Files that reach themselves over imports that exist at run time. */
function cycles (): string[] {
  const edges = groupByFile()
  const reaches = (start: string) => {
    const seen = new Set<string>()
    const queue = [start]
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      for (const { to, typeOnly } of edges.get(file) ?? []) {
        if (typeOnly || seen.has(to)) continue
        seen.add(to)
        queue.push(to)
      }
    }
    return seen
  }
  return sources.filter(file => reaches(file).has(file))
}

function groupByFile (): Map<string, Import[]> {
  const groups = new Map<string, Import[]>()
  for (const item of imports) groups.set(item.from, [...groups.get(item.from) ?? [], item])
  return groups
}
