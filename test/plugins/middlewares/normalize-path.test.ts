import t, { type Test } from 'tap'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import bundle, { rewriteUrl } from '../../../app.ts'
import exceptions, { HTTPFound, HTTPNotFound } from '../../../plugins/exceptions/index.ts'
import middlewares, { normalizePath, type NormalizePathOptions } from '../../../plugins/middlewares/index.ts'
import { Response } from '../../../plugins/responses/index.ts'
import { build } from '../../helper.ts'

const ok = async () => new Response({ text: 'ok' })

async function appWith (t: Test, options?: NormalizePathOptions) {
  const app = Fastify({ rewriteUrl })
  t.teardown(() => app.close())
  await app.register(bundle, { middlewares: { middlewares: [normalizePath(options)] } })
  for (const path of ['/one', '/one/a/b', '/two/', '/two/a/b/', '/slashed/{x}/', '/evil.example/c/']) app.addGet(path, ok)
  app.addPost('/post/', ok)
  return app
}

/** The answer to a target as it stands in the request line. */
async function ask (app: Awaited<ReturnType<typeof appWith>>, target: string): Promise<[number, string | undefined]> {
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }).catch(() => app.listeningOrigin))
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: here.example\r\nConnection: close\r\n\r\n`)
  const answer = await text(socket)
  return [Number(answer.split(' ')[1]), /^location: (.*)\r$/mi.exec(answer)?.[1]]
}

t.test('a path that no route has is redirected to the first that one has, with its query', async t => {
  const remove = { appendSlash: false, removeSlash: true }
  const table: [options: NormalizePathOptions, target: string, status: number, location?: string][] = [
    [{}, '/two', 308, '/two/'], [{}, '/two?a=1&b=%20', 308, '/two/?a=1&b=%20'], [{}, '/two?x=a//b', 308, '/two/?x=a//b'],
    [{}, '//two', 308, '/two/'], [{}, '/two//a/b', 308, '/two/a/b/'], [{}, '/two//', 308, '/two/'], [{}, '/one//a/b', 308, '/one/a/b'],
    [{}, '/slashed/a%2Fb%20c', 308, '/slashed/a%2Fb%20c/'], [{}, '/slashed/%zz', 308, '/slashed/%25zz/'],
    [{}, '/%74wo', 308, '/two/'], [{}, '/one/', 404], [{}, '/two', 308, '/two/'], [{}, '/none', 404], [{}, '/post', 404],
    [{}, 'http://here.example/two?a', 308, '/two/?a'], [{}, '/two#x', 404], [{}, '/one', 200],
    [{ mergeSlashes: false }, '/two', 308, '/two/'], [{ mergeSlashes: false }, '/two//a/b', 404],
    [{ mergeSlashes: false }, '/slashed/a%2F', 404], [{}, '/slashed/a%2F', 308, '/slashed/a%2F/'],
    [{ appendSlash: false }, '/two', 404], [{ appendSlash: false }, '/one//a/b', 308, '/one/a/b'],
    [{ appendSlash: false, mergeSlashes: false }, '/two', 404],
    [remove, '/one/', 308, '/one'], [remove, '/one//a//b/', 308, '/one/a/b'], [remove, '/one//', 308, '/one'],
    // aiohttp cuts off any last character.
    [remove, '/onex', 404], [remove, '/one%2F', 404],
    [{ ...remove, mergeSlashes: false }, '/one/?q', 308, '/one?q'], [{ ...remove, mergeSlashes: false }, '/one//', 404],
    [{ redirectClass: HTTPFound }, '/two', 302, '/two/']
  ]
  const apps = new Map(table.map(([options]) => [JSON.stringify(options) + options.redirectClass?.name, options]))
  for (const [key, options] of apps) {
    const app = await appWith(t, options)
    for (const [own, target, status, location] of table) {
      if (JSON.stringify(own) + own.redirectClass?.name !== key) continue
      t.same(await ask(app, target), [status, location], `${key} ${target}`)
    }
  }
})

t.test('a redirect never leads to another host', async t => {
  const app = await appWith(t)
  app.addGet('/', ok)
  app.addGet('/any/{tail:.*}/', ok)
  const open = await appWith(t, { mergeSlashes: false })
  open.addGet('/{tail:.*}/', ok)
  const targets = ['//evil.example', '//evil.example/c', '///evil.example//c', '/\\evil.example', '/\\evil.example/c',
    '/%2f/evil.example/c', '/%2F%2Fevil.example/c', '/%5cevil.example/c', '///', '//', '/\\/evil.example', '//\\evil.example',
    '/.//evil.example/c', '/..//evil.example/c', '/any//evil.example', '//any//evil.example', '///any/\\\\evil.example',
    'http://evil.example//evil.example/c', 'http://evil.example/evil.example/c']

  for (const each of [app, open]) {
    for (const target of targets) {
      const [status, location] = await ask(each, target)
      if (location === undefined) continue
      t.equal(status, 308)
      t.equal(new URL(location, 'http://here.example').host, 'here.example', `${target} → ${location}`)
      t.notMatch(location, /[\\\s]/)
    }
  }
  t.same(await ask(app, '//evil.example/c'), [308, '/evil.example/c/'])
  t.same(await ask(app, '///'), [308, '/'])
})

t.test('the method counts: 308 keeps it, and what has no route for it stays 404 or 405', async t => {
  const app = await appWith(t)

  t.equal((await app.inject({ method: 'POST', url: '/post' })).headers.location, '/post/')
  t.equal((await app.inject({ method: 'HEAD', url: '/two' })).headers.location, '/two/')
  t.equal((await app.inject({ method: 'POST', url: '/two' })).statusCode, 404)
  t.equal((await app.inject({ method: 'DELETE', url: '/one' })).statusCode, 405)
})

t.test('a route that says 404 by itself is not redirected', async t => {
  const app = await appWith(t)
  app.addGet('/gone', async () => { throw new HTTPNotFound() })
  app.addGet('/gone/', ok)

  t.equal((await app.inject('/gone')).statusCode, 404)
})

t.test('it works in sub-applications, and without the routes plugin', async t => {
  const app = build(t)
  await app.register(bundle)
  app.addSubapp('/sub', async sub => { sub.addGet('/x/', ok) }, { middlewares: [normalizePath()] })
  app.addGet('/x/', ok)
  const plain = build(t)
  await plain.register(exceptions)
  await plain.register(middlewares, { middlewares: [normalizePath()] })
  plain.get('/x/', async () => 'ok')

  t.equal((await app.inject('/sub/x')).headers.location, '/sub/x/')
  t.equal((await app.inject('/x')).statusCode, 404)
  t.equal((await plain.inject('/x?a')).headers.location, '/x/?a')
  t.equal((await plain.inject('/x/')).body, 'ok')
  t.equal((await plain.inject('/y')).statusCode, 404)
})

t.test('options that exclude each other, or are none, are refused', async t => {
  t.throws(() => normalizePath({ appendSlash: true, removeSlash: true }), { code: 'AIO_ERR_OPTION_CONFLICT' })
  t.throws(() => normalizePath({ removeSlash: true }), { code: 'AIO_ERR_OPTION_CONFLICT' })
  t.throws(() => normalizePath({ redirectClass: HTTPNotFound as never }), { code: 'AIO_ERR_OPTION_INVALID' })
  t.throws(() => normalizePath({ appendSlashes: true } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})
