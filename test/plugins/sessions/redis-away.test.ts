/** Redis goes away and comes back: an instance of our own is stopped and started. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import exceptions from '../../../plugins/exceptions/index.ts'
import sessions, { getSession, RedisStorage } from '../../../plugins/sessions/index.ts'
import { build, shortFolder } from '../../helper.ts'
import { Browser } from './helper.ts'

const redisServer = spawnSync('redis-server', ['--version']).status === 0

t.test('Redis may be stopped and started again', { skip: !redisServer && 'redis-server is not installed' }, async t => {
  const port = await freePort()
  const folder = shortFolder(t)
  let exited: Promise<unknown> = Promise.resolve()
  let server: ChildProcess | undefined
  const start = async () => {
    server = spawn('redis-server', ['--port', String(port), '--dir', folder, '--appendfsync', 'always',
      '--appendonly', 'yes', '--save', '', '--bind', '127.0.0.1'])
    exited = once(server, 'exit')
    await new Promise<void>(resolve => server?.stdout?.on('data', text => {
      if (String(text).includes('Ready to accept')) resolve()
    }))
  }
  const stop = async () => {
    server?.kill('SIGKILL')
    await exited
  }
  t.teardown(stop)
  // It is not even there yet.
  const app = build(t)
  await app.register(exceptions)
  await app.register(sessions, { storage: new RedisStorage({ url: `redis://127.0.0.1:${port}` }) })
  app.get('/plain', async () => 'plain')
  app.get('/count', async request => {
    const session = await getSession(request)
    session.set('count', (session.get<number>('count') ?? 0) + 1)
    return session.get('count')
  })
  app.get('/', async request => (await getSession(request)).get('count') ?? null)
  const browser = new Browser(app)
  t.equal((await browser.get('/plain')).statusCode, 200)
  t.equal((await browser.get('/count')).statusCode, 503)
  await start()
  await until(async () => (await browser.get('/count')).statusCode === 200)
  const { body } = await browser.get('/')

  await stop()
  const began = Date.now()
  const away = await browser.get('/count')
  t.equal(away.statusCode, 503)
  t.equal(away.headers['retry-after'], '1')
  t.ok(Date.now() - began < 2500, 'it is told at once')
  t.equal((await browser.get('/plain')).statusCode, 200)
  await start()
  await until(async () => (await browser.get('/')).statusCode === 200)
  t.equal((await browser.get('/')).body, body, 'what was acknowledged is there')
})

async function until (condition: () => Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise(resolve => setTimeout(resolve, 20))
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
