/** URLs and links that try to leave a served folder, or to get around the guard of a route inside it. */

import { once } from 'node:events'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import exceptions, { HTTPForbidden } from '../../../plugins/exceptions/index.ts'
import responses from '../../../plugins/responses/index.ts'
import staticFiles from '../../../plugins/static/index.ts'
import { build } from '../../helper.ts'

const outside = 'CANARY OUTSIDE OF THE FOLDER'
const guarded = 'CANARY BEHIND THE GUARD'

const dots = [
  '..', '%2e%2e', '.%2e', '%2E.', '%252e%252e', '%25252e%25252e', '%c0%ae%c0%ae', '%e0%80%ae%e0%80%ae', '%uff0e%uff0e',
  '%ef%bc%8e%ef%bc%8e', '..%00', '%00..', '..;', '..%20', '...', '..%0d%0a', '.', ''
]
const separators = [
  '/', '//', '/./', '\\', '%2f', '%2F', '%5c', '%252f', '%25252f', '%c0%af', '%e0%80%af', '%ef%bc%8f', ';/', '%2f%2f', '/%5c'
]
const methods: [method: string, headers: Record<string, string>][] = [
  ['GET', {}],
  ['HEAD', {}],
  ['GET', { range: 'bytes=0-100' }],
  ['GET', { range: 'bytes=-100' }],
  ['GET', { 'if-none-match': '*' }],
  ['GET', { 'if-modified-since': 'Thu, 01 Jan 2099 00:00:00 GMT' }],
  ['GET', { 'if-match': '*' }],
  ['GET', { 'if-range': '"x"', range: 'bytes=0-1' }],
  ['GET', { 'accept-encoding': 'gzip, br' }]
]

interface Answer { status: number, text: string }

/** A served folder with secrets around it and links out of it. */
async function setUp (t: Test, mount: string) {
  const dir = t.testdir({
    'secret.txt': outside,
    'secret.txt.gz': outside,
    root2: { 'secret.txt': outside },
    'root.txt': outside,
    '.env': outside,
    root: {
      'hello.txt': 'hello',
      'a.txt': 'a',
      'a.txt.gz': t.fixture('symlink', '../secret.txt'),
      'a.txt.br': t.fixture('symlink', '../secret.txt'),
      'link.txt': t.fixture('symlink', '../secret.txt'),
      'gone.txt': t.fixture('symlink', '../nothing.txt'),
      'chain.txt': t.fixture('symlink', 'link.txt'),
      'loop.txt': t.fixture('symlink', 'loop.txt'),
      up: t.fixture('symlink', '..'),
      sub: { 'b.txt': 'b' },
      admin: { 'secret.txt': guarded }
    }
  })
  const app = build(t)
  await app.register(exceptions)
  await app.register(responses)
  await app.register(staticFiles)
  app.route({ method: ['GET', 'HEAD'], url: '/admin/*', handler: () => { throw new HTTPForbidden() } })
  app.addStatic(mount, path.join(dir, 'root'))
  return { dir, ask: await listen(t, app) }
}

/** Asks with the target exactly as written: no client library that would tidy it up. */
async function listen (t: Test, app: FastifyInstance) {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  t.teardown(() => agent.destroy())
  return async (target: string, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> => {
    const request = httpRequest({ port, host: '127.0.0.1', agent, path: target, method, headers })
    request.end()
    const [response] = await once(request, 'response')
    return { status: response.statusCode, text: await text(response) }
  }
}

/** Every way of writing `name` some levels above `mount`. */
function * climb (mount: string, name: string): Iterable<string> {
  for (const up of dots) {
    for (const separator of separators) {
      for (let depth = 1; depth <= 6; depth++) {
        yield `${mount}/${`${up}${separator}`.repeat(depth)}${name}`
        if (depth < 3) yield `${mount}/sub${separator}${`${up}${separator}`.repeat(depth + 1)}${name}`
      }
    }
  }
}

t.test('no URL reads a byte from outside of the folder, or tells what is there', { timeout: 60_000 }, async t => {
  const { dir, ask } = await setUp(t, '/files')
  t.equal((await ask('/files/hello.txt')).text, 'hello')
  const leaks: string[] = []
  const oracles: string[] = []
  const missing = [...climb('/files', 'nothing.txt')]
  const existing = [...climb('/files', 'secret.txt')]

  t.ok(existing.length > 1000, `${existing.length} URLs`)
  await Promise.all(existing.map(async (target, index) => {
    const [method, headers] = methods[index % methods.length] ?? ['GET', {}]
    const [found, other] = await Promise.all([
      ask(target, method, headers), ask(String(missing[index]), method, headers)
    ])
    if (found.text.includes(outside)) leaks.push(`${method} ${target}`)
    if (found.status !== other.status || found.status < 300) oracles.push(`${target}: ${found.status}, ${other.status}`)
  }))

  t.same(leaks, [])
  t.same(oracles, [])
  const others = [
    '/files2/secret.txt', '/files/../root2/secret.txt', '/files../secret.txt', '/files..%2fsecret.txt', '/files/../root.txt',
    `/files/${dir}/secret.txt`, `/files/${encodeURIComponent(dir)}%2fsecret.txt`, `/files//${dir}/secret.txt`,
    '/files//etc/passwd', '/files/%2fetc/passwd', '/files/etc/passwd', '/files/C:/secret.txt', '/files/C:%5csecret.txt',
    '/files/\\\\localhost\\secret.txt', '/files/%5c%5clocalhost%5csecret.txt', '/files/file:///etc/passwd',
    '/files/hello.txt/../../secret.txt', '/files/hello.txt%00/../../secret.txt', '/files/secret.txt%00.txt',
    '/files/.env', '/files/../.env', '/files/%2e%2e/.env', '/files/up/secret.txt', '/files/up/root2/secret.txt',
    '/files/link.txt', '/files/chain.txt', '/files/loop.txt', '/files/gone.txt', '/files/up', '/files/up/', '/files/~root'
  ]
  for (const target of others) {
    for (const [method, headers] of methods) {
      const { status, text } = await ask(target, method, headers)
      t.notOk(text.includes(outside) || text.includes('root:'), target)
      t.ok(status === 404 || status === 400, `${method} ${target}: ${status}`)
    }
  }
  t.equal((await ask('/files/link.txt')).status, (await ask('/files/gone.txt')).status, 'a link out tells nothing')
  t.equal((await ask('/files/a.txt', 'GET', { 'accept-encoding': 'gzip, br' })).text, 'a', 'siblings do not lead out')
})

t.test('no URL gets around the guard of a route inside the folder', { timeout: 60_000 }, async t => {
  const { ask } = await setUp(t, '/')
  t.equal((await ask('/hello.txt')).text, 'hello')
  t.equal((await ask('/admin/secret.txt')).status, 403)
  const spellings = ['admin', '%61dmin', '%2561dmin', 'ADMIN', 'admin.', 'admin%20', 'admin%00', 'admin;x', './admin', '%2fadmin']
  const targets: string[] = []
  for (const name of spellings) {
    for (const separator of separators) {
      for (const before of ['/', '//', '/./', '/sub/../', '/sub/%2e%2e/', '/x/..%2f', '/%2e/', '/;/', '/%2f', '/\\', '/sub%2f../']) {
        targets.push(`${before}${name}${separator}secret.txt`)
      }
    }
  }

  t.ok(targets.length > 1000, `${targets.length} URLs`)
  const around: string[] = []
  await Promise.all(targets.map(async (target, index) => {
    const [method, headers] = methods[index % methods.length] ?? ['GET', {}]
    const { status, text } = await ask(target, method, headers)
    // HEAD has no text to tell by: only a refusal will do.
    if (text.includes(guarded) || status < 400) around.push(`${method} ${target}: ${status}`)
  }))
  t.same(around, [])
})

t.test('a file that becomes a link while it is asked for is never followed out', { timeout: 60_000 }, async t => {
  const { dir, ask } = await setUp(t, '/files')
  const root = path.join(dir, 'root')
  const file = path.join(root, 'swap.txt')
  const next = path.join(root, 'next.tmp')
  const leaks: string[] = []
  const seen = new Set<number>()
  let swaps = 0

  writeFileSync(file, 'inside')
  // Two swaps in each turn of the event loop: one of them is likely to fall between a check and an opening.
  const swap = () => {
    rmSync(next, { force: true })
    if (swaps % 2 === 0) symlinkSync('../secret.txt', next)
    else writeFileSync(next, 'inside')
    renameSync(next, file)
    swaps += 1
  }
  for (let round = 0; round < 200; round++) {
    const answers = Promise.all(Array.from({ length: 4 }, () => ask('/files/swap.txt')))
    for (let turn = 0; turn < 5; turn++) {
      swap()
      await new Promise(resolve => setImmediate(resolve))
    }
    for (const { status, text } of await answers) {
      seen.add(status)
      if (text.includes(outside)) leaks.push(`after ${swaps} swaps`)
    }
  }

  t.same(leaks, [])
  t.ok(seen.has(200), 'sometimes it is a file')
  t.ok([...seen].every(status => [200, 404].includes(status)), [...seen].join(' '))
})
