/** Folders of files: what is sent, and what is refused. */

import { once } from 'node:events'
import { utimesSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import fastifyStatic from '@fastify/static'
import t from 'tap'
import exceptions from '../../../plugins/exceptions/index.ts'
import staticFiles from '../../../plugins/static/index.ts'
import { build } from '../../helper.ts'
import { setUp } from './helper.ts'

t.test('addStatic() sends files', async t => {
  const { app, root } = await setUp(t)

  const response = await app.inject('/files/hello.txt')
  t.equal(response.statusCode, 200)
  t.equal(response.body, 'Hello, world!\n')
  t.match(response.headers, {
    'content-type': 'text/plain', 'content-length': '14', 'accept-ranges': 'bytes', etag: /^"[\da-f]+-e"$/
  })
  t.notHas(response.headers, 'cache-control')

  writeFileSync(path.join(root, 'new.txt'), 'new')
  t.equal((await app.inject('/files/new.txt')).body, 'new', 'files that came later, too')
  t.equal((await app.inject('/files/hello.txt?v=1')).statusCode, 200)
})

t.test('addStatic() sends files whose names need encoding', async t => {
  const { app, resource } = await setUp(t)

  for (const name of ['amp&@,;+#?%.txt', 'héllo wörld.txt']) {
    t.equal((await app.inject(`/files/${encodeURIComponent(name)}`)).statusCode, 200, name)
    t.equal((await app.inject(resource.urlFor(name))).statusCode, 200, resource.urlFor(name))
  }
})

t.test('addStatic() answers ranges, conditions and HEAD', async t => {
  const { app } = await setUp(t)

  const { headers } = await app.inject({ method: 'HEAD', url: '/files/hello.txt' })
  t.equal(headers['content-length'], '14')
  const part = await app.inject({ url: '/files/hello.txt', headers: { range: 'bytes=7-11' } })
  t.equal(part.statusCode, 206)
  t.equal(part.body, 'world')
  t.equal(part.headers['content-range'], 'bytes 7-11/14')
  const beyond = await app.inject({ url: '/files/hello.txt', headers: { range: 'bytes=99-' } })
  t.equal(beyond.statusCode, 416)
  t.equal(beyond.headers['content-range'], 'bytes */14')
  const same = await app.inject({ url: '/files/hello.txt', headers: { 'if-none-match': String(headers.etag) } })
  t.equal(same.statusCode, 304)
  const other = await app.inject({ url: '/files/hello.txt', headers: { 'if-match': '"other"' } })
  t.equal(other.statusCode, 412)
})

t.test('addStatic() answers 404 to what is not there', async t => {
  const { app } = await setUp(t)

  for (const name of ['nope.txt', '.env', 'out.txt', 'a.txt.gz', 'hello.txt/', '..%2fsecret.txt',
    '..%5csecret.txt', 'sub%2fb.txt', '/hello.txt', 'hello.txt%00', 'HELLO.TXT']) {
    const response = await app.inject(`/files/${name}`)
    t.equal(response.statusCode, 404, name)
    t.equal(response.body, '404: Not Found', name)
  }
  t.equal((await app.inject('/filesystem/hello.txt')).statusCode, 404, 'the prefix is a whole segment')
})

t.test('addStatic() answers 404 to dots that no client library took out', async t => {
  const { app } = await setUp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo

  for (const target of ['/files/../secret.txt', '/files/%2e%2e/secret.txt', '/files/sub/../../secret.txt',
    '/files/sub/%2e%2e/hello.txt', '/files//etc/passwd', '/files/%ff']) {
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const answer = await text(socket)
    t.match(answer, /^HTTP\/1\.1 40[04] /, target)
    t.notMatch(answer, 'SECRET')
  }
})

t.test('addStatic() ignores a sibling that leads out, for clients that take gzip', async t => {
  const { app } = await setUp(t)

  const response = await app.inject({ url: '/files/a.txt', headers: { 'accept-encoding': 'gzip, br' } })
  t.equal(response.body, 'a')
  t.notHas(response.headers, 'content-encoding')
})

t.test('addStatic() takes GET and HEAD only', async t => {
  const { app } = await setUp(t)

  const response = await app.inject({ method: 'POST', url: '/files/hello.txt' })
  t.equal(response.statusCode, 405)
  t.equal(response.headers.allow, 'GET,HEAD')
})

t.test('a directory is forbidden', async t => {
  const { app } = await setUp(t)

  for (const url of ['/files', '/files/', '/files/sub', '/files/sub/']) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 403, url)
    t.equal(response.body, '403: Forbidden', url)
  }
})

t.test('showIndex lists a directory', async t => {
  const { app } = await setUp(t, { showIndex: true })

  const response = await app.inject('/files')
  t.equal(response.statusCode, 200)
  t.equal(response.headers['content-type'], 'text/html; charset=utf-8')
  t.match(response.body, 'Index of /.')
  t.match(response.body, '<a href="/files/sub">sub/</a>')
  t.notMatch(response.body, '<img')
  for (const hidden of ['.env', 'out.txt', 'a.txt.gz']) t.notMatch(response.body, hidden)
  for (const [, href = ''] of response.body.matchAll(/href="([^"]+)"/g)) {
    t.equal((await app.inject(href.replaceAll('&amp;', '&'))).statusCode, 200, href)
  }
  t.match((await app.inject('/files/sub/')).body, '<a href="/files/sub/index.html">index.html</a>')
  t.equal((await app.inject('/files/nope')).statusCode, 404)
})

t.test('index sends a file for a directory, behind a final slash', async t => {
  const { app } = await setUp(t, { index: 'index.html' })

  t.equal((await app.inject('/files/sub/')).body, '<p>index</p>')
  const response = await app.inject('/files/sub?a=1')
  t.equal(response.statusCode, 301)
  t.equal(response.headers.location, '/files/sub/?a=1')
  t.equal((await app.inject('/files/empty/')).statusCode, 403)
})

t.test('index redirects to no other host', async t => {
  const { app, root } = await setUp(t, { index: 'index.html' })
  const lenient = build(t, { routerOptions: { ignoreDuplicateSlashes: true } })
  await lenient.register(exceptions)
  await lenient.register(staticFiles)
  lenient.addStatic('/', root, { index: 'index.html' })

  t.equal((await app.inject({ url: '/files//sub' })).statusCode, 404)
  t.equal((await lenient.inject({ url: '//sub' })).headers.location ?? '/sub/', '/sub/')
})

t.test('followSymlinks serves what lies outside', async t => {
  const { app } = await setUp(t, { followSymlinks: true })

  t.equal((await app.inject('/files/out.txt')).body, 'SECRET')
})

t.test('dotfiles and cacheControl are per folder', async t => {
  const { app, root } = await setUp(t, { dotfiles: 'allow', cacheControl: 'public, max-age=60' })
  app.addStatic('/strict', root, { dotfiles: 'deny' })

  const response = await app.inject('/files/.env')
  t.equal(response.statusCode, 200)
  t.equal(response.headers['cache-control'], 'public, max-age=60')
  t.equal((await app.inject('/strict/.env')).statusCode, 403)
  t.notHas((await app.inject('/strict/a.txt')).headers, 'cache-control')
})

t.test('addStatic() works at the root, in a prefixed context and beside @fastify/static', async t => {
  const { app, root } = await setUp(t, { name: 'all' }, '/')
  await app.register(fastifyStatic, { root: path.join(root, 'sub'), prefix: '/theirs' })
  await app.register(async child => {
    const resource = child.addStatic('/files/', pathToFileURL(root), { name: 'child' })
    t.match(resource, { name: 'child', prefix: '/v1/files', path: root })
    t.equal(resource.urlFor('sub/b c.txt'), '/v1/files/sub/b%20c.txt')
  }, { prefix: '/v1' })
  app.get('/hello.txt', async () => 'a route goes first')

  t.equal((await app.inject('/a.txt')).body, 'a')
  t.equal((await app.inject('/')).statusCode, 403)
  t.equal((await app.inject('/hello.txt')).body, 'a route goes first')
  t.equal((await app.inject('/v1/files/sub/b.txt')).body, 'b')
  t.equal((await app.inject('/theirs/b.txt')).body, 'b')
})

t.test('routes know their folder', async t => {
  const { app, resource } = await setUp(t)
  const seen: unknown[] = []
  app.addHook('onResponse', async request => { seen.push(request.routeOptions.config.static) })
  app.addStatic('/late', resource.path, { name: 'late' })

  await app.inject('/late/a.txt')
  t.match(seen, [{ name: 'late', prefix: '/late' }])
})

t.test('addStatic() names what is wrong', async t => {
  const { app, root } = await setUp(t)

  t.throws(() => app.addStatic('files', root), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => app.addStatic('/:name', root), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => app.addStatic('/x', path.join(root, 'nope')), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => app.addStatic('/x', path.join(root, 'a.txt')), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => app.addStatic('/x', new URL('https://example.com/')), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => app.addStatic('/x', root, { index: '../x' }), { code: 'AIO_ERR_OPTION_INVALID' })
  t.throws(() => app.addStatic('/x', root, { cacheControl: 'a\r\nb: c' }), { code: 'AIO_ERR_OPTION_INVALID' })
  // @ts-expect-error a misspelt option is not ignored
  t.throws(() => app.addStatic('/x', root, { followSymLinks: true }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})

t.test('addStatic() sends the headers aiohttp sends', async t => {
  const { app, root } = await setUp(t)
  utimesSync(path.join(root, 'hello.txt'), 1_700_000_000.5, 1_700_000_000.5)
  const etag = '"17979cfe53f76500-e"'
  const validators = { etag, 'last-modified': 'Tue, 14 Nov 2023 22:13:21 GMT' }
  const names = (headers: object) => Object.keys(headers).filter(name => !['connection', 'date'].includes(name)).sort()

  const whole = await app.inject('/files/hello.txt')
  t.match(whole.headers, validators)
  t.same(names(whole.headers), ['accept-ranges', 'content-length', 'content-type', 'etag', 'last-modified'])
  const same = await app.inject({ url: '/files/hello.txt', headers: { 'if-none-match': etag } })
  t.match(same, { statusCode: 304, body: '', headers: validators })
  t.same(names(same.headers), ['etag', 'last-modified'])
  const range = await app.inject({ url: '/files/hello.txt', headers: { range: 'bytes=0-1,3-4' } })
  t.match(range, { statusCode: 416, statusMessage: 'Requested Range Not Satisfiable', body: '' })
  t.match(range.headers, { 'content-range': 'bytes */14', 'content-type': 'application/octet-stream' })
  const tagged = { range: 'bytes=0-4', 'if-range': '"other"' }
  t.equal((await app.inject({ url: '/files/hello.txt', headers: tagged })).statusCode, 200)
  const current = { range: 'bytes=0-4', 'if-range': etag }
  t.match(await app.inject({ url: '/files/hello.txt', headers: current }), { statusCode: 206, body: 'Hello' })
})

t.test('urlFor() adds the version of a file', async t => {
  const { app, root, resource } = await setUp(t, { appendVersion: true })
  writeFileSync(path.join(root, 'v.txt'), 'version 1')

  const first = resource.urlFor('v.txt')
  t.match(first, /^\/files\/v\.txt\?v=[\w-]{43}%3D$/)
  t.equal(resource.urlFor('/v.txt'), first)
  t.equal((await app.inject(first)).body, 'version 1')
  writeFileSync(path.join(root, 'v.txt'), 'version 2')
  t.not(resource.urlFor('v.txt'), first)
  t.equal(resource.urlFor('v.txt', { appendVersion: false }), '/files/v.txt')
  for (const name of ['missing.txt', 'out.txt', '../secret.txt', 'sub', '.env', 'hello.txt/']) {
    t.equal(resource.urlFor(name), `/files/${name}`)
  }
  // @ts-expect-error a misspelt option is not ignored
  t.throws(() => resource.urlFor('v.txt', { version: true }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})

t.test('@fastify/static sends the files where it is asked to', async t => {
  const { app } = await setUp(t, { sender: '@fastify/static', cacheControl: 'no-cache', showIndex: true })
  const response = await app.inject('/files/hello.txt')
  t.equal(response.body, 'Hello, world!\n')
  t.match(response.headers, { 'content-type': 'text/plain; charset=utf-8', etag: /^W\//, 'cache-control': 'no-cache' })

  for (const name of ['out.txt', '.env', 'nope', 'sub%2fb.txt']) {
    t.equal((await app.inject(`/files/${name}`)).statusCode, 404, name)
  }
  t.match((await app.inject('/files/sub')).body, '/files/sub/b.txt')
  const gzip = await app.inject({ url: '/files/a.txt', headers: { 'accept-encoding': 'gzip' } })
  t.equal(gzip.body, 'a')
})

t.test('the plugin names what is wrong with its options', async t => {
  for (const [options, code] of [
    [{ cache: true }, 'AIO_ERR_OPTION_INVALID'], [{ cache: { size: -1 } }, 'AIO_ERR_OPTION_INVALID'],
    [{ cache: { files: 3 } }, 'AIO_ERR_OPTION_UNKNOWN'], [{ caches: {} }, 'AIO_ERR_OPTION_UNKNOWN']
  ] as const) {
    const app = build(t)
    await app.register(exceptions)
    // @ts-expect-error none of them fits
    await t.rejects(async () => await app.register(staticFiles, options), { code })
  }
})
