/** The tutorial, typed as it stands: after each of its steps the files compile, and at its end its tests pass. */

import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import ts from 'typescript'

// Three databases start in it.
t.setTimeout(300_000)

const root = fileURLToPath(new URL('..', import.meta.url))
const text = readFileSync(path.join(root, 'docs/tutorial.md'), 'utf8')
const steps = text.split(/^(?=## \d)/m).slice(1).map(step => ({
  title: /^## (.*)/.exec(step)?.[1] ?? '',
  files: Array.from(step.matchAll(/^`([^`]+)`:\n\n```\w+\n([\s\S]*?)^```/gm), ([, file, code]) => [file!, code!] as const)
}))

t.test('the tutorial works as it stands', async t => {
  // In the tree, so that packages are found from there.
  const folder = t.testdir()
  installPackage(path.join(folder, 'node_modules/fastify-aiohttp'))
  const compile = compilerOf(folder)

  const written = new Set<string>()
  for (const { title, files } of steps) {
    for (const [file, code] of files) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), code)
      written.add(file)
    }
    const sources = [...written].filter(file => file.endsWith('.ts'))
    if (files.some(([file]) => file.endsWith('.ts'))) t.same(compile(sources), [], `the files compile after ${title}`)
  }
  t.ok(written.size > 10)

  await t.test('its tests pass', async t => {
    // The script is what npm would run.
    const { scripts } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { scripts: { test: string } }
    // Nothing of our own runner: a nested one of node's keeps quiet when it finds itself in a test.
    const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...env } = process.env
    const { stdout } = await promisify(execFile)('sh', ['-c', scripts.test], { cwd: folder, env })
    t.match(stdout, /^(?:#|ℹ) fail 0$/m)
    t.match(stdout, /^(?:#|ℹ) pass 3$/m)
  })
})

t.test('every file the tutorial builds on is in it', async t => {
  const shell = text.match(/^npm install .*$/gm) ?? []
  const { peerDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    peerDependencies: Record<string, string>
  }
  for (const name of ['fastify', 'kysely', '@electric-sql/pglite', '@11ty/nunjucks', 'pg']) {
    t.ok(name in peerDependencies && shell.some(line => line.split(' ').includes(name)), `${name} is installed`)
  }
})

/** The package as npm would install it, its sources in place of what is built from them. */
function installPackage (folder: string): void {
  mkdirSync(folder, { recursive: true })
  symlinkSync(root, path.join(folder, 'sources'))
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({
    name: 'fastify-aiohttp',
    type: 'module',
    exports: { '.': './sources/app.ts', './testing': './sources/plugins/testing/index.ts' }
  }))
}

/** Compiles files with the tutorial's own tsconfig.json; what is outside of the folder is read once. */
function compilerOf (folder: string): (files: string[]) => string[] {
  const known = new Map<string, ts.SourceFile | undefined>()
  return files => {
    const { config } = ts.readConfigFile(path.join(folder, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent({ ...config, files }, ts.sys, folder)
    const host = ts.createCompilerHost(options)
    const { getSourceFile } = host
    host.getSourceFile = (file, ...rest) => {
      // A step may write one of the tutorial's own files anew.
      if (file.startsWith(folder)) return getSourceFile(file, ...rest)
      if (!known.has(file)) known.set(file, getSourceFile(file, ...rest))
      return known.get(file)
    }
    const names = files.map(file => path.join(folder, file))
    const program = ts.createProgram(names, options, host)
    return names.flatMap(name => ts.getPreEmitDiagnostics(program, program.getSourceFile(name)))
      .map(({ file, messageText }) => `${path.basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  }
}
