/** Several environments, and engines of other kinds. */

import t from 'tap'
import exceptions from '../../../plugins/exceptions/index.ts'
import routes, { get } from '../../../plugins/routes/index.ts'
import templates, { template } from '../../../plugins/templates/index.ts'
import { build } from '../../helper.ts'

t.test('contexts have environments of their own, and several under keys', async t => {
  const app = build(t)
  await app.register(templates, { sources: { a: 'outer {{ 1|f }}' }, filters: { f: () => 'F' }, tests: { good: () => true } })
  await app.register(templates, { sources: { a: 'mail {{ html }}' }, key: 'mail', autoescape: false })
  await app.register(async child => {
    await child.register(templates, { sources: { a: 'inner' } })
    child.get('/inner', template('a')(async () => ({})))
    child.get('/mail', template('a', { key: 'mail', encoding: 'iso-8859-1' })(async () => ({ html: '<é>' })))
  })
  app.get('/outer', template('a')(async () => ({})))

  t.equal((await app.inject('/outer')).body, 'outer F')
  t.equal((await app.inject('/inner')).body, 'inner')
  const mail = await app.inject('/mail')
  t.equal(mail.rawPayload.toString('latin1'), 'mail <é>')
  t.equal(mail.headers['content-type'], 'text/html; charset=iso-8859-1')
  await t.rejects(async () => await build(t).register(templates, {}).register(templates, {}), { code: 'AIO_ERR_TEMPLATES_KEY' })
})

t.test('engines: minijinja is strict, any other is an object or a function', async t => {
  const app = build(t)
  const sources = {
    'a.html': '{% extends "base.html" %}{% block a %}{{ x|twice }} {{ url("item", id=1) }}{% endblock %}',
    'base.html': '[{% block a %}{% endblock %}]',
    'undefined.html': '\n{{ nothing }}',
    'missing.html': '{% include "nope.html" %}',
    'a.txt': '{{ x }}',
    'late.html': '{{ 1|late }}'
  }
  await app.register(exceptions)
  await app.register(routes)
  app.addRoutes([get('/items/{id}', async () => '', { name: 'item' })])
  const filters = { twice: (text: string) => text + text, late: async () => 1 }
  await app.register(templates, { engine: 'minijinja', sources, filters })
  await app.register(templates, { engine: { render: (name, context) => `${name} ${String(context['x'])}` }, globals: { x: 1 }, key: 'object' })
  await app.register(templates, { engine: ({ files }) => ({ render: name => files.read(name)?.text ?? '' }), sources, key: 'function' })

  t.equal(await app.render('a.html', { x: '<' }), '[&lt;&lt; &#x2f;items&#x2f;1]')
  await t.rejects(app.render('undefined.html'), { message: /undefined\.html:2/ })
  await t.rejects(app.render('missing.html'), { message: /missing\.html:1/ })
  await t.rejects(app.render('nope.html'), { code: 'AIO_ERR_TEMPLATE_NOT_FOUND' })
  await t.rejects(app.render('a.txt'), { code: 'AIO_ERR_TEMPLATE_ENDING' })
  await t.rejects(app.render('late.html'), { cause: { code: 'AIO_ERR_TEMPLATE_ASYNC' } })
  t.equal(await app.render('base.html'), '[]', 'the engine works on after an error')
  t.equal(await app.render('a', {}, { key: 'object' }), 'a 1')
  t.equal(await app.render('a.txt', {}, { key: 'function' }), '{{ x }}')
})
