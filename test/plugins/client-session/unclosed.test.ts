import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { serve } from './helper.ts'

const door = new URL('../../../plugins/client-session/index.ts', import.meta.url).href

/** What a script in a process of its own says on stderr; a script that does not end is an error. */
async function run (body: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const program = `import { ClientSession } from ${JSON.stringify(door)}
    let warned = false
    process.once('warning', () => { warned = true })
    // How soon the collector gives up what is forgotten is not the same in every Node.
    const collect = async () => {
      for (let times = 0; times < 30 && !warned; times++) {
        await new Promise(resolve => setTimeout(resolve, 20))
        globalThis.gc()
      }
    }
    ${body}`
  const { stderr } = await promisify(execFile)(process.execPath, [
    // What runs the tests may have turned warnings off.
    '--warnings', '--import=tsx', '--expose-gc', '--input-type=module', '-e', program
  ], { cwd: fileURLToPath(new URL('../../..', import.meta.url)), timeout: 30_000, env: { ...process.env, ...env } })
  return stderr
}

t.test('a session that is forgotten is told of, with the place where it was made', async t => {
  const stderr = await run('function begin () { new ClientSession() }\nbegin()\nawait collect()')
  t.match(stderr, /AIO_WARN_CLIENT_UNCLOSED\] ResourceWarning: Unclosed client session/)
  t.match(stderr, /at begin/)
})

t.test('in production nothing is remembered', async t => {
  const stderr = await run('(() => { new ClientSession() })()\nawait collect()', { NODE_ENV: 'production' })
  t.match(stderr, /Unclosed client session/)
  t.notMatch(stderr, /made here/)
})

t.test('one that is closed, detached or a child is not', async t => {
  const stderr = await run(`(() => {
    const session = new ClientSession()
    session.child()
    session.close()
    new ClientSession().detach()
  })()
  await collect()`)
  t.equal(stderr, '')
})

t.test('a forgotten session does not keep a script alive', async t => {
  const origin = await serve(t, (_request, response) => response.end('ok'))
  const begin = performance.now()
  await run(`const response = await new ClientSession({ timeout: { total: 600_000 } }).get('${origin}')
    if (await response.text() !== 'ok') process.exit(1)`)
  t.ok(performance.now() - begin < 14_000, 'it did not wait for its connection to be closed')
})
