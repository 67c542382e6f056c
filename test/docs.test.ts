/** Every TypeScript example of the README and of docs/ compiles against the sources, and every link leads somewhere. */

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'
import * as door from '../app.ts'

// One program of a hundred modules: slow where the machine is busy.
t.setTimeout(180_000)

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(path.join(root, 'docs'))
  .filter(name => name.endsWith('.md')).map(name => `docs/${name}`)]

t.test('the examples compile', async t => {
  const sources = new Map(pages.flatMap(page => examples(page)))
  t.ok(sources.size > 5)
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: ['app.ts'] }, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = file => sources.has(file) || fileExists(file)
  host.readFile = file => sources.get(file) ?? readFile(file)
  host.getSourceFile = (file, language, ...rest) => {
    const text = sources.get(file)
    return text === undefined ? getSourceFile(file, language, ...rest) : ts.createSourceFile(file, text, language)
  }

  const program = ts.createProgram([...sources.keys()], {
    ...options,
    paths: {
      'fastify-aiohttp': ['./app.ts'],
      'fastify-aiohttp/*': ['./plugins/*.ts', './plugins/*/index.ts']
    }
  }, host)

  for (const file of sources.keys()) {
    const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(file))
    t.same(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')), [], path.relative(root, file))
  }
})

t.test('every link leads to a file, and its anchor to a heading there', async t => {
  for (const page of pages) {
    for (const [, target = '', anchor] of prose(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)]*))?\)/g)) {
      const file = target === '' ? page : path.join(path.dirname(page), target)
      t.ok(existsSync(path.join(root, file)), `${page} links to ${target}`)
      if (anchor !== undefined && file.endsWith('.md')) t.ok(anchors(file).has(anchor), `${page} links to ${target}#${anchor}`)
    }
  }
})

t.test('every public name of aiohttp is here under the same name, or the guide says what became of it', async t => {
  const names: string[] = JSON.parse(read('test/fixtures/aiohttp-names.json'))
  const [, section] = read('docs/migrating.md').match(/### Name by name\n([\s\S]*?)\n### /) ?? []
  const translated = new Set(Array.from(section?.matchAll(/`([\w.]+)`/g) ?? [], ([, name]) => name!.replace(/^web\./, '')))
  t.ok(names.length > 200)
  t.same(names.filter(name => !(name in door) && !translated.has(name)), [])
})

/**
 * The examples of a page as modules. The first stands by itself, to be copied. Of the others a piece without imports
 * goes on with the last example that has them; what neither has, `app` and the names of the package, goes without
 * saying. Their paths lie in the tree, so that packages are found from there.
 */
function examples (page: string): [file: string, code: string][] {
  // Its files belong together: test/tutorial.test.ts has them.
  if (page === 'docs/tutorial.md') return []
  const blocks = Array.from(read(page).matchAll(/^```ts\n([\s\S]*?)^```/gm), ([, code]) => code!)
  let last = ''
  return blocks.map((code, index) => {
    const file = path.join(root, 'examples', `${page.replaceAll('/', '-')}-${index + 1}.ts`)
    if (/^import /m.test(code)) last = code
    const before = code === last ? '' : last
    if (index === 0) return [file, `${code}\nexport {}\n`]
    return [file, `${implied(before + code)}${before}\n{\n${code === last ? '}\n' + code : code + '}\n'}export {}\n`]
  })
}

/** What an example uses without saying where it comes from. */
function implied (code: string): string {
  const declared = (name: string) => new RegExp(`\\b(const|let|class|function) ${name}\\b|^import .*\\b${name}\\b`, 'm').test(code)
  const used = (name: string) => new RegExp(`(?<![.'\\w])${name}\\b`).test(code) && !declared(name)
  const names = Object.keys(door).filter(name => name !== 'default' && used(name))
  return [
    `import { ${names.join(', ')} } from 'fastify-aiohttp'`,
    used('Fastify') || used('app') ? "import Fastify from 'fastify'" : '',
    used('app') ? 'const app = Fastify()' : ''
  ].join('\n') + '\n'
}

/** The text of a page without its blocks of code. */
function prose (page: string): string {
  return existsSync(path.join(root, page)) ? read(page).replace(/^(`{3,})[\s\S]*?^\1/gm, '') : ''
}

/** The addresses GitHub gives to the headings of a page. */
function anchors (page: string): Set<string> {
  const headings = Array.from(prose(page).matchAll(/^#+ (.*)$/gm), ([, text]) => text!)
  return new Set(headings.map(text => text.trim().toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-')))
}

function read (page: string): string {
  return readFileSync(path.join(root, page), 'utf8')
}
