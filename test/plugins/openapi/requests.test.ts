/** What a description says of requests, as a table: request → answer. */

import type { FastifyInstance, InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import bundle from '../../../app.ts'
import { RequestValidationFailed } from '../../../plugins/exceptions/index.ts'
import type { OpenApiOptions } from '../../../plugins/openapi/index.ts'
import { build } from '../../helper.ts'

type Json = Record<string, unknown>

/** An app with one operation, `POST /x` unless said otherwise, that answers what was validated. */
async function setUp (
  t: Test, operation: Json, more: Json = {}, options: OpenApiOptions = {}
): Promise<FastifyInstance> {
  const { path = '/x', version = '3.0.3', ...parts } = more as { path?: string, version?: string }
  const app = build(t)
  const paths = { [path]: { post: { operationId: 'x', ...operation } } }
  const spec = { openapi: version, info: { title: 'x', version: '1' }, paths, ...parts }
  await app.register(bundle, { openapi: { path: false, spec, ...options } })
  app.openapi.handle('x', async request => request.validated)
  return app
}

async function answer (app: FastifyInstance, request: InjectOptions | string): Promise<unknown> {
  const response = await app.inject(typeof request === 'string' ? { method: 'POST', url: request } : { method: 'POST', url: '/x', ...request })
  if (response.statusCode === 200) return response.json()
  return response.body
}

const query = (name: string, schema: Json, more: Json = {}) => ({ name, in: 'query', schema, ...more })
const array = { type: 'array', items: { type: 'integer' } }
const object = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'string' } } }

t.test('texts of a query become values, by style', async t => {
  const app = await setUp(t, {
    parameters: [
      query('int', { type: 'integer', format: 'int32' }), query('num', { type: 'number' }), query('yes', { type: 'boolean' }),
      query('list', array), query('csv', array, { explode: false }), query('pipe', array, { style: 'pipeDelimited', explode: false }),
      query('space', array, { style: 'spaceDelimited', explode: false }), query('deep', object, { style: 'deepObject' }),
      query('flat', object), query('pairs', object, { explode: false }),
      { name: 'json', in: 'query', content: { 'application/json': { schema: object } } },
      query('size', { type: 'integer', default: 10 })
    ]
  })
  const cases: [string, Json | string][] = [
    ['', {}],
    ['int=7&num=-1.5e1&yes=true', { int: 7, num: -15, yes: true }],
    ['list=1&list=2', { list: [1, 2] }],
    ['list=1', { list: [1] }],
    ['csv=1,2&pipe=1%7C2&space=1%202', { csv: [1, 2], pipe: [1, 2], space: [1, 2] }],
    ['csv=', { csv: [] }],
    ['deep[a]=1&deep[b]=x', { deep: { a: 1, b: 'x' } }],
    ['a=1&b=2', { flat: { a: 1, b: '2' } }],
    ['pairs=a,1,b,x', { pairs: { a: 1, b: 'x' } }],
    ['json=%7B%22a%22:1%7D', { json: { a: 1 } }],
    ['int=1&int=2', '{"query":{"int":"must be integer"}}'],
    ['int=0x10', '{"query":{"int":"must be integer"}}'],
    ['int=99999999999', '{"query":{"int":"must match format \\"int32\\""}}'],
    ['num=&yes=1', '{"query":{"num":"must be number","yes":"must be boolean"}}'],
    ['list=1&list=x', '{"query":{"list":{"1":"must be integer"}}}'],
    ['deep[a]=x', '{"query":{"deep":{"a":"must be integer"}}}'],
    ['json=%7B', '{"query":{"json":"must be object"}}'],
    ['__proto__=1&deep[__proto__]=1&%zz', { deep: {} }]
  ]

  for (const [search, expected] of cases) {
    const wanted = typeof expected === 'string' ? `400: ${expected}` : { query: { size: 10, ...expected } }
    t.match(await answer(app, `/x?${search}`), wanted, search)
  }
})

t.test('headers, cookies and paths are checked as well, all at once', async t => {
  const schema = { type: 'integer' }
  const app = await setUp(t, {
    parameters: [
      { name: 'X-Count', in: 'header', required: true, schema }, { name: 'X-List', in: 'header', schema: array },
      { name: 'Accept', in: 'header', schema }, { name: 'tries', in: 'cookie', schema },
      { name: 'id', in: 'path', required: true, schema }, { name: 'rest', in: 'path', required: true, schema: array },
      query('q', schema, { required: true })
    ]
  }, { path: '/x/{id}/{rest}' })

  t.match(await answer(app, { url: '/x/1/2,3?q=4', headers: { 'x-count': '5', 'x-list': '6,7', cookie: 'tries=8' } }), {
    query: { q: 4 }, header: { 'X-Count': 5, 'X-List': [6, 7] }, path: { id: 1, rest: [2, 3] }, cookie: { tries: 8 }
  })
  t.equal(await answer(app, { url: '/x/a/2,b', headers: { cookie: 'tries=x' } }), '400: {"query":{"q":"required property"},' +
    '"header":{"X-Count":"required property"},"path":{"id":"must be integer","rest":{"1":"must be integer"}},"cookie":{"tries":"must be integer"}}')
})

const body = (schema: Json, type = 'application/json') => ({ requestBody: { required: true, content: { [type]: { schema } } } })

t.test('formats, nullable, bounds and read-only properties are those of OpenAPI', async t => {
  const formats: [string, string, string][] = [
    ['date', '2026-02-28', '2026-02-30'], ['date-time', '2026-02-28T10:00:00Z', '2026-02-28'], ['byte', 'YWI=', 'a%'],
    ['email', 'a@b.example', 'a@'], ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123'], ['hostname', 'a.example', '-a'],
    ['ipv4', '1.2.3.4', '1.2.3'], ['ipv6', '::1', 'g::'], ['even', 'ab', 'abc'], ['unknown', 'x', '']
  ]
  const properties = Object.fromEntries(formats.map(([format]) => [format, { type: 'string', format }]))
  const app = await setUp(t, body({
    properties: {
      ...properties,
      none: { type: 'integer', nullable: true },
      above: { type: 'integer', minimum: 0, exclusiveMinimum: true },
      id: { readOnly: true },
      secret: { writeOnly: true, type: 'string' }
    },
    required: ['id']
  }), {}, { formats: { even: text => text.length % 2 === 0 } })

  for (const [format, good, bad] of formats) {
    t.match(await answer(app, { payload: { [format]: good } }), { body: { [format]: good } }, format)
    if (bad !== '') t.equal(await answer(app, { payload: { [format]: bad } }), `400: {"body":{"${format}":"must match format \\"${format}\\""}}`)
  }
  t.match(await answer(app, { payload: { none: null, above: 1, secret: 's' } }), { body: { none: null, above: 1 } })
  t.equal(await answer(app, { payload: { above: 0, id: 1 } }), '400: {"body":{"above":"must be > 0","id":"read-only property"}}')
})

t.test('a discriminator asks the schema it names, a choice without one is one problem', async t => {
  const cat = { type: 'object', required: ['type', 'lives'], properties: { type: { type: 'string' }, lives: { type: 'integer' } } }
  const dog = { type: 'object', required: ['type', 'tricks'], properties: { type: { type: 'string' }, tricks: { type: 'array' } } }
  const oneOf = [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }]
  const components = { schemas: { Cat: cat, Dog: dog } }
  const mapped = await setUp(t, body({ oneOf, discriminator: { propertyName: 'type', mapping: { cat: 'Cat', dog: '#/components/schemas/Dog' } } }), { components })
  const plain = await setUp(t, body({ properties: { pet: { oneOf } } }), { components })

  t.match(await answer(mapped, { payload: { type: 'cat', lives: 9 } }), { body: { lives: 9 } })
  t.equal(await answer(mapped, { payload: { type: 'dog' } }), '400: {"body":{"tricks":"required property"}}')
  t.equal(await answer(mapped, { payload: { type: 'cow' } }), '400: {"body":{"type":"must be one of \\"cat\\", \\"dog\\""}}')
  t.equal(await answer(plain, { payload: { pet: { type: 'cow' } } }), '400: {"body":{"pet":"must match exactly one schema in oneOf"}}')
})

t.test('OpenAPI 3.1: types in lists, const, schemas that refer to themselves', async t => {
  const Node = { type: 'object', properties: { next: { $ref: '#/components/schemas/Node' }, v: { type: ['integer', 'null'] }, k: { const: 'n' } } }
  const app = await setUp(t, body({ $ref: '#/components/schemas/Node' }), { version: '3.1.0', components: { schemas: { Node } } })

  t.match(await answer(app, { payload: { v: null, k: 'n', next: { v: 1, next: { v: 2 } } } }), { body: { next: { next: { v: 2 } } } })
  t.equal(await answer(app, { payload: { next: { next: { v: 'x' } } } }), '400: {"body":{"next":{"next":{"v":"must be integer,null"}}}}')
})

t.test('bodies are read by their media type', async t => {
  const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } } }
  const types = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/*', 'application/csv']
  const content = Object.fromEntries(types.map(type => [type, type === 'text/*' ? { schema: { type: 'string', maxLength: 3 } } : { schema }]))
  const app = await setUp(t, { requestBody: { content } }, {}, { mediaTypes: { 'application/csv': bytes => ({ n: Number(String(bytes).split(',')[1]) }) } })
  const send = (type: string, payload: string) => answer(app, { payload, headers: { 'content-type': type } })

  t.match(await send('application/json', '{"n":1}'), { body: { n: 1 } })
  t.match(await send('application/x-www-form-urlencoded', 'n=1&tags=a'), { body: { n: 1, tags: ['a'] } })
  t.match(await send('multipart/form-data; boundary=b', '--b\r\ncontent-disposition: form-data; name=n\r\n\r\n1\r\n--b--\r\n'), { body: { n: 1 } })
  t.match(await send('text/plain', 'abc'), { body: 'abc' })
  t.match(await send('application/csv', 'n,5'), { body: { n: 5 } })
  t.equal(await send('text/plain', 'abcd'), '400: {"body":"must NOT have more than 3 characters"}')
  t.equal(await send('application/x-www-form-urlencoded', 'n=x'), '400: {"body":{"n":"must be integer"}}')
  t.equal(await send('application/json', '{'), '400: {"body":"not application/json"}')
  t.equal(await send('image/png', 'x'), `415: the body may be ${types.join(', ')}, not image/png`)
  t.match(await answer(app, {}), { query: {} }, 'it may be left out')
})

t.test('a body with countless problems is answered with some of them', async t => {
  const app = await setUp(t, body({ type: 'array', items: { type: 'integer' } }))
  const problems = JSON.parse(String(await answer(app, { payload: new Array(10_000).fill('x') })).slice(5))

  t.equal(Object.keys(problems.body).length, 50)
})

t.test('credentials: what is asked for has to be there, and a function decides', async t => {
  const securitySchemes = {
    basic: { type: 'http', scheme: 'basic' },
    bearer: { type: 'http', scheme: 'bearer' },
    key: { type: 'apiKey', in: 'query', name: 'k' },
    jar: { type: 'apiKey', in: 'cookie', name: 'c' }
  }
  const options: OpenApiOptions = { credentials: { basic: text => text === 'ann:pw', bearer: async () => true } }
  const app = await setUp(t, { security: [{ basic: [] }, { bearer: [], key: [] }, { jar: [] }], parameters: [query('n', { type: 'integer' })] },
    { components: { securitySchemes } }, options)
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const status = async (request: InjectOptions) => (await app.inject({ method: 'POST', url: '/x', ...request })).statusCode

  t.equal(await status({ headers: basic('ann:pw') }), 200)
  t.equal(await status({ headers: basic('ann:no') }), 401)
  t.equal(await status({ headers: basic('ann') }), 401)
  t.equal(await status({ headers: { authorization: 'Bearer x' } }), 401)
  t.equal(await status({ url: '/x?k=1', headers: { authorization: 'bearer x' } }), 200)
  t.equal(await status({ headers: { cookie: 'c=1' } }), 200)
  const refused = await app.inject({ method: 'POST', url: '/x?n=wrong' })
  t.equal(refused.body, '401: {"security":"no valid credentials have been provided"}')
  t.equal(refused.headers['www-authenticate'], 'Basic realm="api", charset="UTF-8", Bearer')
})

t.test('responses are checked when that is asked for', async t => {
  const response = (schema: Json) => ({ content: { 'application/json': { schema } } })
  const spec = {
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    paths: { '/x': { get: { operationId: 'x', responses: { '2XX': response({ required: ['n'] }) } } } }
  }
  for (const validateResponses of [true, false]) {
    const app = build(t)
    await app.register(bundle, { openapi: { path: false, spec, validateResponses } })
    app.openapi.handle('x', async request => request.query)

    t.equal((await app.inject('/x?n=1')).statusCode, 200)
    t.equal((await app.inject('/x')).statusCode, validateResponses ? 500 : 200)
  }
})

t.test('a handler may go unchecked, and a route of one\'s own be checked', async t => {
  const operation = (operationId: string) => ({ get: { operationId, parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }] } })
  const spec = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: { '/a/{id}': operation('a'), '/b/{id}': operation('b') } }
  const app = build(t)
  await app.register(bundle, { openapi: { path: false, spec } })
  app.openapi.handle('a', async request => request.matchInfo, { validate: false })
  app.get('/b/:id', app.openapi.validateBy('b'), async request => request.params)

  t.same((await app.inject('/a/x')).json(), { id: 'x' })
  t.same((await app.inject('/b/1')).json(), { id: 1 })
  t.equal((await app.inject('/b/x')).body, '400: {"path":{"id":"must be integer"}}')
})

t.test('RequestValidationFailed has the problems, for whoever answers otherwise', async t => {
  const error = new RequestValidationFailed({ body: { name: 'required property' } })

  t.same(error.errors, { body: { name: 'required property' } })
  t.equal(error.statusCode, 400)
  t.equal(error.reason, 'Bad Request')
})
