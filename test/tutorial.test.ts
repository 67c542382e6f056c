/** The tutorial, typed as it stands: after each of its steps the files compile, and at its end its tests pass. */

import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import ts from 'typescript'
import { bundleFor } from './bundle.ts'

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
  const place = t.testdir()
  await installPackage(t, path.join(place, 'node_modules/fastify-aiohttp'))

  const written = new Map<string, string>()
  const folders = steps.map(({ files }, index) => {
    for (const [file, code] of files) written.set(file, code)
    const folder = path.join(place, `step-${index + 1}`)
    for (const [file, code] of written) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), code)
    }
    return folder
  })
  const folder = folders.at(-1) ?? ''
  t.ok(written.size > 10)
  t.same(compile(folder, folders), [], 'the files compile after each step')

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

/** The package as npm would install it: what runs is built, its types are those of the sources. */
async function installPackage (t: Test, folder: string): Promise<void> {
  const entries = ['app.ts', 'plugins/testing/index.ts'].map(file => pathToFileURL(path.join(root, file)))
  const [app = '', testing = ''] = await bundleFor(t, ...entries)
  mkdirSync(folder, { recursive: true })
  symlinkSync(root, path.join(folder, 'sources'))
  symlinkSync(path.dirname(app), path.join(folder, 'built'))
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({
    name: 'fastify-aiohttp',
    type: 'module',
    exports: {
      '.': { types: './sources/app.ts', default: `./built/${path.basename(app)}` },
      './testing': { types: './sources/plugins/testing/index.ts', default: `./built/${path.basename(testing)}` }
    }
  }))
}

/** Compiles the sources of folders, in one program, by the tsconfig.json of the first. */
function compile (first: string, folders: string[]): string[] {
  const { config } = ts.readConfigFile(path.join(first, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, first)
  const files = folders.flatMap(folder => readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts')).map(file => path.join(folder, file)))
  const program = ts.createProgram(files, options)
  return files.flatMap(file => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ messageText }) =>
    `${path.relative(path.dirname(first), file)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`))
}
