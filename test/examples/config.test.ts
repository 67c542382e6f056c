/** The configuration's example as a program: file, variable, flag, and a mistake. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))

t.test('a flag says where it listens, the file what it says, and secrets stay', async t => {
  const { child, stdout } = start(t, '--server.port', '0', '--greetings.fr=Bonjour')
  const url = await urlOf(stdout)

  t.equal(await (await fetch(url)).text(), 'Hello, Guten Tag, Bonjour')
  t.match(await (await fetch(`${url}/config`)).json(), { database: { url: '[secret]', poolSize: 3 } })
  child.kill('SIGTERM')
  t.same(await once(child, 'close'), [0, null])
})

t.test('a mistake keeps it from starting', async t => {
  const { child, stderr } = start(t, '--server.prot', '0')
  const [[status], said] = await Promise.all([once(child, 'close'), stderr])

  t.equal(status, 1)
  t.match(said, 'Invalid configuration: --server.prot: Unknown flag: did you mean --server.port?')
})

function start (t: Test, ...args: string[]) {
  const env = { ...process.env, DATABASE_URL: 'postgres://u:hunter2@h/x', GREETER_DATABASE__POOL_SIZE: '3' }
  const child = spawn(process.execPath, ['--import=tsx', 'examples/config.ts', ...args],
    { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => { child.kill('SIGKILL') })
  return { child, stdout: child.stdout, stderr: text(child.stderr) }
}

async function urlOf (output: AsyncIterable<Buffer>): Promise<string> {
  for await (const chunk of output) {
    const url = /http:\/\/[\d.:]+/.exec(String(chunk))?.[0]
    if (url !== undefined) return url
  }
  throw new Error('It has not said where it listens')
}
