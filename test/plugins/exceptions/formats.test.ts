/** What an exception is rendered as. */

import t from 'tap'
import type { FastifyInstance } from 'fastify'
import exceptions from '../../../plugins/exceptions/index.ts'
import {
  HTTPBadRequest, HTTPFound, HTTPInternalServerError, HTTPNotFound, HTTPTooManyRequests
} from '../../../plugins/exceptions/index.ts'
import { build } from '../../helper.ts'
import { throwing } from './helper.ts'

t.test('the format follows Accept', async t => {
  const text = 'text/plain; charset=utf-8'
  const json = 'application/json; charset=utf-8'
  const problem = 'application/problem+json'
  const html = 'text/html; charset=utf-8'
  const app = await throwing(t, () => new HTTPTooManyRequests({ text: 'slow down' }))
  const broken = await throwing(t, () => new HTTPInternalServerError({ text: '<b>' }))
  for (const [accept, on4xx, on500] of [
    [undefined, text, text], ['*/*', text, text], ['', text, text], ['text/*', text, text], ['image/png', text, text],
    ['application/json', json, json], ['application/problem+json', problem, problem], ['application/*', problem, problem],
    ['application/problem+json, application/json', problem, problem],
    ['application/json, text/plain, */*', json, json],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', text, html],
    ['text/plain;q=0.5, application/json;q=0.4', text, text], ['text/plain;q=0.4, APPLICATION/JSON;q=0.5', json, json],
    ['application/json;q=0, */*', text, text], ['text/plain;q=0, */*', problem, problem],
    ['text/html;q=0, */*;q=0.1', text, text], ['application/json;q=x', text, text], [',;q=1,,', text, text]
  ] as const) {
    const headers = accept === undefined ? {} : { accept }
    const response = await app.inject({ url: '/', headers })
    t.equal(response.headers['content-type'], on4xx, `${accept}`)
    t.equal(response.headers.vary, 'accept')
    t.equal((await broken.inject({ url: '/', headers })).headers['content-type'], on500, `${accept} of a 500`)
  }
  const ask = async (app: FastifyInstance, accept: string) => app.inject({ url: '/', headers: { accept } })
  t.same((await ask(app, problem)).json(), { type: 'about:blank', title: 'Too Many Requests', status: 429, detail: 'slow down' })
  t.same((await ask(app, 'application/json')).json(), { statusCode: 429, error: 'Too Many Requests', message: 'slow down' })
  t.match((await ask(broken, 'text/html')).body, /<h1>500 Internal Server Error<\/h1>\n&#60;b&#62;\n/)
})

t.test('aiohttp\'s page for an unhandled error', async t => {
  const app = await throwing(t, () => new Error('x'))
  const { body } = await app.inject({ url: '/', headers: { accept: 'text/html' } })
  t.equal(body, '<html><head><title>500 Internal Server Error</title></head><body>\n' +
    '<h1>500 Internal Server Error</h1>\nServer got itself in trouble\n</body></html>\n')
})

t.test('format aiohttp: text whatever is asked for, HTML only for what nobody caught, no Vary', async t => {
  const html = { accept: 'text/plain, text/html;q=0' }
  const unhandled = await throwing(t, () => new Error('secret'), { format: 'aiohttp' })
  const page = await unhandled.inject({ url: '/', headers: html })
  t.match(page.body, /^<html>.*Server got itself in trouble/s)
  t.notOk(page.headers.vary)
  t.equal((await unhandled.inject('/')).headers['content-type'], 'text/plain; charset=utf-8')

  const thrown = await throwing(t, () => new HTTPInternalServerError(), { format: 'aiohttp' })
  for (const accept of ['text/html', 'application/json', 'application/problem+json']) {
    const response = await thrown.inject({ url: '/', headers: { accept } })
    t.equal(response.body, '500: Internal Server Error')
    t.notOk(response.headers.vary)
  }
})

t.test('redirections and bodies of one\'s own are never rendered', async t => {
  const headers = { accept: 'application/json' }
  t.equal((await (await throwing(t, () => new HTTPFound('/x'))).inject({ url: '/', headers })).body, '302: Found')
  for (const options of [{ body: 'mine' }, { text: 'mine', contentType: 'text/html' }]) {
    const app = await throwing(t, () => new HTTPBadRequest(options))
    t.equal((await app.inject({ url: '/', headers })).body, 'mine')
  }
})

t.test('option format: fixed, a function, and a function that fails', async t => {
  const error = () => new HTTPNotFound()
  const headers = { accept: 'text/html' }
  t.equal((await (await throwing(t, error, { format: 'problem' })).inject({ url: '/', headers })).json().status, 404)
  t.equal((await (await throwing(t, error, { format: 'json' })).inject('/')).json().statusCode, 404)
  t.equal((await (await throwing(t, error, { format: 'text' })).inject({ url: '/', headers })).body, '404: Not Found')
  t.match((await (await throwing(t, error, { format: 'html' })).inject('/')).body, /<h1>404/)
  const own = await throwing(t, () => Object.assign(new Error('secret'), { code: 'SECRET' }), {
    format: (info, request) => {
      t.notMatch(JSON.stringify(info), /secret/i)
      return { contentType: 'text/csv', body: `${info.status},${request.url}` }
    }
  })
  const response = await own.inject('/')
  t.equal(response.body, '500,/')
  t.equal(response.headers['content-type'], 'text/csv')
  const failing = await throwing(t, error, { format: () => { throw new Error('oops') } })
  t.equal((await failing.inject('/')).body, '404: Not Found')
  await t.rejects(async () => build(t).register(exceptions, Object({ format: 'xml' })), { code: 'AIO_ERR_OPTION_INVALID' })
})
