import net from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { UsageError, describeFailure, explain, thrownAt } from '../../server/failure.ts'

t.test('a wrong command line ends with 2, everything else with 1', async t => {
  t.same(explain(new UsageError('Wrong')), { line: 'fastify-aiohttp: Wrong', status: 2 })
  t.same(explain(new Error('Broken')), { line: 'fastify-aiohttp: Broken', status: 1 })
})

t.test('describeFailure() says what a refused address means', async t => {
  const first = net.createServer().listen(0, '127.0.0.1')
  t.teardown(() => first.close())
  await once(first, 'listening')
  const { port } = first.address() as net.AddressInfo

  const text = describeFailure(await refused({ host: '127.0.0.1', port }))

  t.equal(text, `Cannot listen on 127.0.0.1:${port}: another process uses that address (EADDRINUSE)`)
  t.equal(describeFailure(await refused({ path: '/nowhere/at/all.sock' })),
    'Cannot listen in /nowhere/at: the directory does not exist (ENOENT)')
  t.match(describeFailure(await refused({ host: '192.0.2.1', port: 0 })), /EADDRNOTAVAIL/)
})

t.test('describeFailure() tells a directory without permission from one that is missing', async t => {
  const folder = t.testdir()
  // libuv answers both with EACCES; as root the first cannot be had for real.
  const denied = (path: string) => Object.assign(new Error(), { syscall: 'listen', code: 'EACCES', address: path, port: -1 })

  t.equal(describeFailure(denied(`${folder}/s`)), `Cannot listen in ${folder}: permission denied (EACCES)`)
  t.match(describeFailure(denied(`${folder}/absent/s`)), /does not exist/)
  t.equal(describeFailure(Object.assign(denied('127.0.0.1'), { port: 80 })),
    'Cannot listen on 127.0.0.1:80: permission denied (EACCES)')
})

t.test('describeFailure() keeps every failure of several, and one line for each', async t => {
  t.equal(describeFailure(new AggregateError([new Error('a'), new Error('b\n  c')], 'Both')), 'Both: a; b c')
  t.equal(describeFailure(new AggregateError([new Error('a')])), 'a')
  t.equal(describeFailure('thrown\nstring'), 'thrown string')
  t.equal(describeFailure(undefined), 'undefined')
  t.equal(describeFailure(new TypeError()), 'TypeError')
})

t.test('thrownAt() names file and line, or nothing', async t => {
  t.match(thrownAt(new Error('here')), /failure\.test\.ts:\d+/)
  t.equal(thrownAt('text'), undefined)
  t.equal(thrownAt(Object.assign(new Error('bare'), { stack: 'Error: bare' })), undefined)
})

async function refused (options: net.ListenOptions): Promise<unknown> {
  const [error] = await once(net.createServer().listen(options), 'error').catch(error => [error])
  return error
}
