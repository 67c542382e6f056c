/** `--watch`: a real process, and files that change under it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { get, Raw } from '../raw.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** An app of three modules, one of them CommonJS. */
const files = {
  'package.json': '{ "type": "module" }',
  'greeting.ts': "export const greeting: string = 'hello'",
  'name.cjs': "module.exports = { name: 'world' }",
  'words.ts': `
    import { greeting } from './greeting.ts'
    import names from './name.cjs'
    export const words = () => greeting + ' ' + names.name`,
  'app.ts': `
    import Fastify from 'fastify'
    import bundle, { runnerKey } from '${root}app.ts'
    import { words } from './words.ts'
    export default async function create () {
      const app = Fastify()
      await app.register(bundle)
      app.get('/', async () => words())
      app.get('/runner', async () => app.state.get(runnerKey).phase)
      app.websocket('/echo', async ws => { for await (const { data } of ws) await ws.sendStr(String(data)) })
      return app
    }`
}

/** A watching server; `says` waits for a line of its output. */
async function start (t: Test, folder: string) {
  const child = spawn(process.execPath, ['--import=tsx', 'server.ts', '--port', '0', '--watch', path.join(folder, 'app.ts')],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  let look = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      output += piece
      look()
    })
  }
  /** What comes is forgotten up to the end of the line that was waited for. */
  const says = (pattern: RegExp) => new Promise<string>(resolve => {
    look = () => {
      const found = pattern.exec(output)
      if (found === null) return
      output = output.slice(found.index + found[0].length)
      resolve(found[0])
    }
    look()
  })
  return { child, says, save: (name: string, text: string) => writeFileSync(path.join(folder, name), text) }
}

t.test('a change of any module of the project is served under the open connections', async t => {
  const folder = t.testdir(files)
  const { child, says, save } = await start(t, folder)
  const url = (await says(/http:\/\/[\d.:]+/))
  const raw = await Raw.open(t, { port: Number(new URL(url).port) })
  const ask = async (answer: RegExp) => {
    raw.write(get('/'))
    await raw.until(answer)
  }
  await ask(/hello world$/)
  const ws = new WebSocket(`${url.replace('http', 'ws')}/echo`)
  await once(ws, 'open')
  const ended = once(ws, 'close')

  save('greeting.ts', "export const greeting: string = 'good morning'")
  await says(/Reloaded .*app\.ts in \d+ ms \(generation 2\)/)
  await ask(/good morning world$/)
  t.equal((await ended)[0], 1012, 'a page is told to come back')
  t.equal(await (await fetch(`${url}/runner`)).text(), 'running', 'the package itself is not loaded twice')

  save('name.cjs', "module.exports = { name: 'moon' }")
  await says(/generation 3/)
  await ask(/good morning moon$/)

  save('new.ts', "export const greeting = 'good evening'")
  renameSync(path.join(folder, 'new.ts'), path.join(folder, 'greeting.ts'))
  await says(/generation 4/)
  await ask(/good evening moon$/)

  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
})

t.test('what cannot be loaded or started is said, and the app before it goes on', async t => {
  const { says, save } = await start(t, t.testdir(files))
  const url = (await says(/http:\/\/[\d.:]+/))
  const ask = async () => (await fetch(url)).text()

  save('greeting.ts', 'export const greeting = = 1')
  await says(/Cannot load .*greeting\.ts:1[^]*goes on serving/)
  t.equal(await ask(), 'hello world')

  save('greeting.ts', "import './missing.ts'\nexport const greeting = 'found'")
  await says(/Cannot load .*missing\.ts[^]*goes on serving/)
  save('missing.ts', '')
  await says(/generation 2/)
  t.equal(await ask(), 'found world', 'a file that was missing is noticed when it comes')

  save('app.ts', files['app.ts'].replace('return app', "app.onStartup(() => { throw new Error('no database') })\nreturn app"))
  await says(/no database[^]*goes on serving/)
  t.equal(await ask(), 'found world')

  save('app.ts', files['app.ts'])
  await says(/generation \d/)
  t.equal(await ask(), 'found world')
})

t.test('a first app that cannot be loaded is waited for', async t => {
  const { says, save } = await start(t, t.testdir({ ...files, 'greeting.ts': 'export const greeting = = 1' }))
  await says(/Cannot load [^]*Waiting for a change/)

  save('greeting.ts', files['greeting.ts'])
  const url = (await says(/http:\/\/[\d.:]+/))

  t.equal(await (await fetch(url)).text(), 'hello world')
})

t.test('a module that does not exist is a wrong command line, watched or not', async t => {
  const { child, says } = await start(t, '/nowhere')
  await says(/Cannot find module/)
  t.same(await once(child, 'exit'), [2, null])
})
