/** Templates as aiohttp-jinja2 has them. */

import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import exceptions, { HTTPForbidden } from '../../../plugins/exceptions/index.ts'
import middlewares from '../../../plugins/middlewares/index.ts'
import responses, { Response } from '../../../plugins/responses/index.ts'
import routes, { get, View } from '../../../plugins/routes/index.ts'
import staticFiles from '../../../plugins/static/index.ts'
import templates, {
  renderString, renderTemplate, requestProcessor, template, type TemplatesOptions
} from '../../../plugins/templates/index.ts'
import { build, shortFolder } from '../../helper.ts'

t.test('a handler returns what a template shows: an object, nothing, or a response of its own', async t => {
  const app = build(t)
  await app.register(exceptions)
  await app.register(templates, { sources: { 'a.html': 'Hello {{ name }}' } })
  app.get('/', template('a.html')(async () => ({ name: '<World>' })))
  app.get('/nothing', template('a.html')(async () => null))
  app.get('/map', template('a.html')(async () => new Map([['name', 'Map']])))
  app.get('/own', template('a.html')(async () => new Response({ text: 'own', status: 201 })))
  app.get('/platform', template('a.html')(async () => new globalThis.Response('platform', { status: 202 })))
  app.get('/sent', template('a.html')(async (_request, reply) => reply.code(203).send('sent')))
  app.get('/status', template('a.html')(async (_request, reply) => { reply.code(404) }))
  app.get('/option', template('a.html', { status: 418, headers: { 'x-a': 'b' } })(async () => ({})))
  app.get('/sync', template('a.html')(() => ({ name: 'sync' })))

  const seen = async (url: string) => {
    const { statusCode, body } = await app.inject(url)
    return [statusCode, body]
  }
  t.same(await seen('/'), [200, 'Hello &lt;World&gt;'])
  t.same(await seen('/nothing'), [200, 'Hello '])
  t.same(await seen('/map'), [200, 'Hello Map'])
  t.same(await seen('/own'), [201, 'own'])
  t.same(await seen('/platform'), [202, 'platform'])
  t.same(await seen('/sent'), [203, 'sent'])
  t.same(await seen('/status'), [404, 'Hello '])
  t.same(await seen('/option'), [418, 'Hello '])
  t.same(await seen('/sync'), [200, 'Hello sync'])
  const { headers } = await app.inject('/option')
  t.equal(headers['content-type'], 'text/html; charset=utf-8')
  t.equal(headers['x-a'], 'b')
})

t.test('it works for addRoutes(), for methods of views, behind middlewares, and for HEAD', async t => {
  const app = build(t)
  await app.register(exceptions)
  await app.register(responses)
  await app.register(middlewares, {
    middlewares: [async function mark (request, handler) {
      const response = await handler(request)
      response.headers.set('x-marked', 'yes')
      return response
    }]
  })
  await app.register(routes)
  await app.register(templates, { sources: { 'a.html': '{{ id }}' } })
  class Item extends View {
    @template('a.html')
    async get () {
      return { id: this.request.matchInfo['id'] }
    }
  }
  app.addRoutes([get('/a/{id}', template('a.html')(async request => ({ id: request.matchInfo['id'] })))])
  app.addView('/b/{id}', Item)

  const [a, b, head] = [await app.inject('/a/1'), await app.inject('/b/2'), await app.inject({ method: 'HEAD', url: '/a/1' })]
  t.same([a.body, a.headers['x-marked'], b.body, head.statusCode, head.headers['content-length']], ['1', 'yes', '2', 200, '1'])
})

t.test('what is wrong with the call is answered with 500 in aiohttp-jinja2\'s words', async t => {
  const bare = build(t)
  await bare.register(exceptions)
  bare.get('/', async request => await renderTemplate(request, 'a.html'))
  t.match((await bare.inject('/')).body, 'Template engine is not initialized')

  const app = build(t)
  await app.register(exceptions)
  await app.register(templates, { sources: { 'a.html': '' } })
  app.get('/missing', async request => await renderTemplate(request, 'no\nthing.html'))
  app.get('/key', async request => await renderString(request, 'a.html', {}, { key: 'other' }))
  for (const [name, value] of Object.entries({ text: 'x', list: [1], number: 5, date: new Date() })) {
    app.get(`/${name}`, template('a.html')(async () => value))
  }
  const answers = async (url: string, text: string | RegExp) => {
    const { statusCode, body } = await app.inject(url)
    t.equal(statusCode, 500)
    t.match(body, text)
  }
  await answers('/missing', "Template 'no\nthing.html' not found")
  await answers('/key', /under the key "other", only under "templates"/)
  await answers('/text', 'context should be mapping, not string')
  await answers('/list', 'context should be mapping, not Array')
  await answers('/number', 'context should be mapping, not number')
  await answers('/date', 'context should be mapping, not Date')
  await t.rejects(app.render('no.html'), { code: 'AIO_ERR_TEMPLATE_NOT_FOUND' })
  await t.rejects(Reflect.apply(template('a.html')(async () => ({})), undefined, []), { code: 'AIO_ERR_TEMPLATE_REQUEST' })
})

t.test('a failing template shows its line in development, and says nothing in production', async t => {
  const folder = t.testdir({ 'a.html': 'one\n{{ <b> }}\n', 'bad.html': '<p>\n{% include "inner.html" %}', 'inner.html': '\n\n{{ nobody.calls() }}', 'deny.html': '{{ deny() }}' })
  const ask = async (development: boolean, url: string) => {
    const app = build(t)
    await app.register(exceptions)
    await app.register(templates, {
      folder, development, globals: { deny: () => { throw new HTTPForbidden() } }
    })
    for (const name of ['a', 'bad', 'deny']) app.get(`/${name}`, template(`${name}.html`)(async () => ({})))
    return await app.inject(url)
  }

  const page = await ask(true, '/bad')
  t.equal(page.statusCode, 500)
  t.match(page.headers['content-type'], 'text/html')
  t.match(page.body, `${path.join(folder, 'inner.html')}, line 3`)
  t.match(page.body, '<mark>   3  {{ nobody.calls() }}</mark>')
  const source = await ask(true, '/a')
  t.notMatch(source.body, '<b>', 'the text of the template is escaped')

  const plain = await ask(false, '/bad')
  t.equal(plain.statusCode, 500)
  t.equal(plain.body, '500 Internal Server Error\n\nServer got itself in trouble')
  t.equal((await ask(false, '/deny')).statusCode, 403, 'an HTTP exception in a template is the answer')
})

t.test('context processors run for what is rendered for a request, in order; the handler wins', async t => {
  const app = build(t)
  let calls = 0
  await app.register(templates, {
    sources: { 'a.html': '{{ a }}{{ b }}{{ c }}{{ request.url }}' },
    contextProcessors: [
      async () => ({ a: ++calls, b: 1, c: 1 }),
      () => ({ b: 2, c: 2 }),
      requestProcessor
    ]
  })
  app.get('/', template('a.html')(async () => ({ c: 3 })))
  app.get('/plain', async () => 'plain')

  t.equal((await app.inject('/')).body, '123/')
  await app.inject('/plain')
  t.equal(await app.render('a.html', { a: 'x' }), 'x')
  t.equal(calls, 1)
})

t.test('templates have URLs of routes and of files', async t => {
  const folder = t.testdir({ 'site.css': 'b {}' })
  const app = build(t)
  await app.register(exceptions)
  await app.register(routes)
  await app.register(staticFiles)
  await app.register(templates, {
    sources: {
      a: "{{ url('item', id=1) }} {{ url('item', { id: 'a b' }, { q: ['x', 'y'] }) }} {{ url('item', id=2, query_={'p': 1}) }} {{ url('all') }}",
      css: "{{ static('site.css') }}",
      unknown: "{{ url('nope') }}",
      wrong: "{{ url('item', 5) }}",
      empty: '{{ static(none) }}'
    }
  })
  await t.rejects(app.render('css'), { message: /there is no app.addStatic\(\) with the name "static"/ })
  app.addStatic('/assets', folder, { name: 'static', appendVersion: true })
  app.addRoutes([get('/items/{id}', async () => '', { name: 'item' }), get('/items', async () => '', { name: 'all' })])
  await app.ready()

  t.equal(await app.render('a'), '/items/1 /items/a%20b?q=x&amp;q=y /items/2?p=1 /items')
  t.match(await app.render('css'), /^\/assets\/site\.css\?v=[\w-]{43}%3D$/)
  await t.rejects(app.render('unknown'), { message: /there are "item", "all"/ })
  await t.rejects(app.render('wrong'), { cause: { code: 'AIO_ERR_ARGUMENT_INVALID' } })
  await t.rejects(app.render('empty'), { cause: { code: 'AIO_ERR_ARGUMENT_INVALID' } })
})

t.test('asynchronous filters and functions give their value to what is written, also through others', async t => {
  const app = build(t)
  await app.register(templates, {
    sources: {
      inner: '{{ x|later }}',
      a: '{% for x in [1, 2] %}{% include "inner" %}{{ x|later|upper }}{% endfor %}{{ soon("<") }}{% set y = 1|later %}{{ y }}',
      if: '{% if 1|later %}{% endif %}',
      for: '{% for x in 1|later %}{% endfor %}',
      fails: '{{ fail() }}'
    },
    filters: { later: async (value: unknown) => `<a${value}>` },
    globals: { soon: async (text: string) => text, fail: async () => { throw new Error('late') } }
  })

  const texts = await Promise.all([app.render('a'), app.render('a')])
  t.equal(texts[0], '&lt;a1&gt;&lt;A1&gt;&lt;a2&gt;&lt;A2&gt;&lt;&lt;a1&gt;')
  t.equal(texts[1], texts[0], 'two at a time do not get mixed up')
  await t.rejects(app.render('if'), { cause: { code: 'AIO_ERR_TEMPLATE_ASYNC' } })
  await t.rejects(app.render('for'), { cause: { code: 'AIO_ERR_TEMPLATE_ASYNC' } })
  await t.rejects(app.render('fails'), { message: 'late' })
})

t.test('names do not lead out of the folders; the first folder wins; changed files are read again', async t => {
  const base = shortFolder(t)
  const [one, two, secret] = ['one', 'two', 'one-secret'].map(name => path.join(base, name)) as [string, string, string]
  for (const folder of [one, two, secret]) mkdirSync(folder)
  writeFileSync(path.join(one, 'a.html'), '\uFEFFone\n')
  writeFileSync(path.join(two, 'a.html'), 'two')
  writeFileSync(path.join(two, 'b.html'), 'b')
  writeFileSync(path.join(secret, 'a.html'), 'secret')
  symlinkSync(path.join(two, 'b.html'), path.join(one, 'link.html'))
  const folder = [one, pathToFileURL(two)]
  const app = build(t)
  await app.register(templates, { folder, development: true })
  await app.register(templates, { folder, development: false, key: 'fixed' })

  t.equal(await app.render('a.html'), 'one')
  t.equal(await app.render('./b.html', {}, { key: 'fixed' }), 'b')
  t.equal(await app.render('link.html'), 'b', 'links are the application\'s own')
  for (const name of ['../one-secret/a.html', '/etc/passwd', 'a.html/../../one-secret/a.html', '..\\one-secret\\a.html', '', '.',
    'a\0.html', 'x'.repeat(5000), '%2e%2e/a.html']) {
    await t.rejects(app.render(name), { code: 'AIO_ERR_TEMPLATE_NOT_FOUND' }, JSON.stringify(name.slice(0, 40)))
  }

  await app.render('a.html', {}, { key: 'fixed' })
  writeFileSync(path.join(one, 'a.html'), 'new one')
  utimesSync(path.join(one, 'a.html'), 1, 1)
  t.equal(await app.render('a.html'), 'new one')
  t.equal(await app.render('a.html', {}, { key: 'fixed' }), 'one', 'kept in production')
})

t.test('options that are wrong are errors', async t => {
  const wrong = async (options: object, code: string) => {
    const app = build(t)
    const register = async () => await app.register(templates, options as TemplatesOptions)
    await t.rejects(register, { code }, JSON.stringify(options))
  }
  await wrong({ folders: 'x' }, 'AIO_ERR_OPTION_UNKNOWN')
  await wrong({ folder: '/does/not/exist' }, 'AIO_ERR_OPTION_INVALID')
  await wrong({ engine: 'ejs' }, 'AIO_ERR_OPTION_INVALID')
  await wrong({ sources: { a: 1 } }, 'AIO_ERR_OPTION_INVALID')
  await wrong({ filters: { a: 1 } }, 'AIO_ERR_OPTION_INVALID')
  await wrong({ contextProcessors: [1] }, 'AIO_ERR_OPTION_INVALID')
  await wrong({ engine: 'minijinja', autoescape: false }, 'AIO_ERR_OPTION_CONFLICT')
  t.throws(() => template('a', { status: 99 }), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('what users write stays text, wherever it stands', async t => {
  const app = build(t)
  const contexts = ['{{ x }}', '<a title="{{ x }}">', "<a title='{{ x }}'>", '{{ [x]|join(", ") }}', '{{ x|upper|lower }}',
    '{% set y = x %}{{ y }}', '{% set y %}{{ x }}{% endset %}{{ y }}', '{{ "%s"|format(x) }}', '{{ "<b>"|safe ~ x }}',
    '{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x) }}', '{% filter trim %}{{ x }}{% endfilter %}', '{{ x|replace("z", "y") }}',
    '<script>var x = {{ x|tojson }}</script>', '{{ {"title": x}|xmlattr }}', '{{ x|default("") }}', '{{ x|later }}',
    '{{ x|truncate(500) }}', '{{ [{"a": x}]|map(attribute="a")|first }}', '{{ x if true else "" }}', '{{ "<i>"|safe + x }}',
    '{{ "<b>%s</b>"|safe|format(x) }}', '{{ "<b>%s</b>"|safe % x }}', '{{ x|indent }}', '{{ x|wordwrap(9) }}', '{{ x|title|string }}']
  const attacks = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", '</script><script>',
    '{{ 7 * 7 }}', '{% raw %}', '\x00001.0\x00', '&lt;script&gt;']
  const sources = Object.fromEntries(contexts.map((text, index) => [String(index), text]))
  await app.register(templates, { sources, filters: { later: async (value: string) => value } })

  for (const [index, text] of contexts.entries()) {
    for (const x of attacks) {
      const page = await app.render(String(index), { x })
      const frame = text.replace(/\{[{%].*?[%}]\}/gs, '')
      const count = (character: string, where: string) => where.split(character).length - 1
      t.notMatch(page, /<script>alert|<img|49/i, `${text} with ${x}`)
      if (!/tojson|xmlattr|safe/.test(text)) t.equal(count('<', page), count('<', frame), `${text} with ${x}: no tag is added`)
      if (text.includes("'{{")) t.equal(count("'", page), 2)
      if (text.includes('"{{')) t.equal(count('"', page), 2)
    }
  }
})
