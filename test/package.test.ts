import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import bundle from '../app.ts'
import { build } from './helper.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(read('package.json'))

t.test('what the sources import is a dependency, and every dependency is imported', async t => {
  const used = new Set<string>()
  for (const file of ['app.ts', 'server.ts', ...['lib', 'plugins', 'server'].flatMap(list)]) {
    // Imports at the top, and those a feature makes when it is used.
    const imports = /(?:^import |^(?:import|export|\})[^'\n]* from |\b(?:import|createRequire\(import\.meta\.url\))\()'((?:@[\w-]+\/)?[a-z][\w.-]*)(?:\/[^']*)?'/gm
    for (const [, name] of read(file).matchAll(imports)) used.add(name!)
  }
  // Its own version stands in its own manifest.
  used.delete(manifest.name)
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    // Types of a package that is imported.
    .filter(name => !name.startsWith('@types/'))

  t.same([...used].sort(), declared.sort())
})

t.test('whatever is installed with it may be used by everybody', async t => {
  const free = /^\(?(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|0BSD|BlueOak-1\.0\.0)\b/
  interface Locked { license?: string, dev?: boolean, devOptional?: boolean, peer?: boolean }
  const { packages }: { packages: Record<string, Locked> } = JSON.parse(read('package-lock.json'))
  const installed = Object.entries(packages).filter(([name, { dev, devOptional, peer }]) =>
    name !== '' && dev !== true && devOptional !== true && peer !== true)
  t.ok(installed.length > 5)
  t.ok(installed.length < 60, `${installed.length} packages`)
  for (const [name, { license = 'none' }] of installed) t.match(license, free, name)
})

t.test('fastify is the peer the tests run with', async t => {
  t.equal(manifest.peerDependencies.fastify, '^5.12.0')
  t.match(manifest.devDependencies.fastify, /^\^5\.(1[2-9]|[2-9]\d)\./)
})

t.test('the lockfile names no registry', async t => {
  t.notMatch(read('package-lock.json'), /"resolved"|\.tgz/)
})

t.test('what asks for Node 22 works here: cookies in inject(), a download with a name that is not ASCII', async t => {
  const app = build(t)
  await app.register(bundle)
  app.get('/', async request => request.headers.cookie)
  const response = await app.inject({ url: '/', cookies: { a: '1', b: 'x y' } })
  t.equal(response.body, 'a=1; b=x%20y')

  // Loaded as Fastify's plugins do: by require() of an ECMAScript module.
  const script = `
    const { create } = require('content-disposition')
    process.stdout.write(create('übersicht.txt', { type: 'attachment' }))`
  const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' })
  t.match(stdout, "filename*=UTF-8''%C3%BCbersicht.txt")
})

t.test('the program in the README runs', async t => {
  const [, code] = read('README.md').match(/```ts\n([\s\S]*?)```/) ?? []
  t.match(code, 'await runApp(app')
  const script = code!.replace("'fastify-aiohttp'", `'${path.join(root, 'app.ts')}'`)
    .replace(/await runApp.*/, 'console.log((await app.inject("/Ann")).body, (await app.inject("/nobody")).statusCode)')

  const dir = t.testdir({ 'readme.ts': script })
  const { stdout, stderr } = spawnSync(process.execPath, ['--import=tsx', path.join(dir, 'readme.ts')],
    { cwd: root, encoding: 'utf8' })

  t.equal(stdout, 'Hello, Ann 404\n')
  t.equal(stderr, '')
})

function read (file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

function list (folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts')).map(file => path.join(folder, file))
}
