import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import Type from 'typebox'
import bundle from '../../../app.ts'
import createPetShop from '../../../examples/openapi.ts'
import exceptions from '../../../plugins/exceptions/index.ts'
import openapi, { type OpenApiOptions } from '../../../plugins/openapi/index.ts'
import requests from '../../../plugins/requests/index.ts'
import routes from '../../../plugins/routes/index.ts'
import { build } from '../../helper.ts'

type Paths = Record<string, Record<string, Record<string, unknown>>>
type Document = { openapi: string, paths: Paths, [key: string]: unknown }

async function setUp (t: Test, options: OpenApiOptions = {}): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(exceptions)
  await app.register(requests)
  await app.register(routes)
  await app.register(openapi, { path: false, ...options })
  return app
}

async function documentOf (app: FastifyInstance): Promise<Document> {
  return (await app.inject('/openapi.json')).json()
}

t.test('the document has the routes of both kinds, their names and schemas', async t => {
  const app = await setUp(t, {
    info: { title: 'Shop', version: '2.0.0' },
    document: {
      openapi: '3.1.0',
      tags: [{ name: 'pets' }],
      components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } }
    }
  })
  const schema = { tags: ['pets'], security: [{ key: [] }], body: Type.Object({ name: Type.String() }) }
  app.addRoute('POST', '/pets/{id:\\d+}/name', async () => 'ok', { name: 'rename', schema })
  app.get('/fast/:id', { schema: { querystring: Type.Object({ q: Type.Optional(Type.Integer()) }) } }, async () => 'ok')
  app.get('/hidden', { schema: { hide: true } as object }, async () => 'ok')
  app.get('/files/*', async () => 'ok')
  const document = await documentOf(app)

  t.equal(document.openapi, '3.1.0')
  t.same(document['info'], { title: 'Shop', version: '2.0.0' })
  t.same(Object.keys(document.paths).sort(), ['/fast/{id}', '/pets/{id}/name'])
  const rename = document.paths['/pets/{id}/name']?.['post']
  t.equal(rename?.['operationId'], 'rename')
  t.same(rename?.['tags'], ['pets'])
  t.same(rename?.['security'], [{ key: [] }])
  t.match(rename?.['parameters'], [{ in: 'path', name: 'id', schema: { type: 'string', pattern: '^\\d+$' } }])
  t.match(rename?.['requestBody'], { content: { 'application/json': { schema: { properties: { name: { type: 'string' } } } } } })
  t.match(document.paths['/fast/{id}']?.['get']?.['parameters'], [{ name: 'q', in: 'query', schema: { type: 'integer' } }, { name: 'id' }])
})

t.test('the document follows routes that come and go, sub-applications and domains', async t => {
  const app = await setUp(t)
  app.addSubapp('/admin', async sub => { sub.addGet('/users', async () => 'ok') })
  app.addDomain('api.example.com', async sub => { sub.addGet('/v1', async () => 'ok') })
  await app.ready()
  t.same(Object.keys((await documentOf(app)).paths).sort(), ['/admin/users', '/v1'])
  t.same((await documentOf(app)).paths['/v1']?.['get']?.['servers'], [{ url: '//api.example.com' }])

  const { get } = await import('../../../plugins/routes/index.ts')
  const handle = app.routes.add(get('/late/{id}', async () => 'ok', { name: 'late' }))
  t.equal((await documentOf(app)).paths['/late/{id}']?.['get']?.['operationId'], 'late')

  handle.remove()
  t.notOk((await documentOf(app)).paths['/late/{id}'])
})

t.test('the document is YAML, too, and shared schemas are its components', async t => {
  const app = await setUp(t)
  app.addSchema({ $id: 'Pet', type: 'object', properties: { name: { type: 'string' } } })
  app.get('/pet', { schema: { response: { 200: { $ref: 'Pet#' } } } }, async () => ({ name: 'Tom' }))

  const yaml = await app.inject('/openapi.yaml')
  t.match(yaml.headers['content-type'], 'application/yaml')
  t.match(yaml.body, /^openapi: 3.1.0/)
  t.match(yaml.body, /components:\n {2}schemas:\n {4}def-0:/)
})

t.test('what is hidden by the option is not in the document', async t => {
  const app = await setUp(t, { hide: ({ path }) => path.startsWith('/internal') })
  app.get('/internal/x', async () => 'ok')
  app.get('/x', async () => 'ok')

  t.same(Object.keys((await documentOf(app)).paths), ['/x'])
})

t.test('the pet shop checks what its description says', async t => {
  const app = await createPetShop()
  t.teardown(() => app.close())
  const key = { 'x-api-key': 'secret' }
  const bodyOf = async (request: string | InjectOptions) => (await app.inject(request)).body

  t.same((await app.inject('/pets')).json(), [{ id: 1, name: 'Tom', kind: 'cat' }])
  t.same((await app.inject('/pets?kind=dog')).json(), [])
  t.equal(await bodyOf('/pets?limit=0&kind=fish'),
    '400: {"query":{"limit":"must be >= 1","kind":{"0":"must be one of \\"cat\\", \\"dog\\""}}}')
  t.equal(await bodyOf('/pets/x'), '400: {"path":{"id":"must be integer"}}')
  t.equal(await bodyOf('/pets/7'), '404: Not Found')
  t.equal((await app.inject({ method: 'POST', url: '/pets', payload: {} })).statusCode, 401)
  t.equal(await bodyOf({ method: 'POST', url: '/pets', headers: key, payload: { id: 3, name: '', born: 'x', toy: 1 } }),
    '400: {"body":{"kind":"required property","toy":"additional property not allowed","id":"read-only property",' +
    '"name":"must NOT have fewer than 1 characters"' +
    ',"born":"must match a schema in anyOf"}}')
  t.equal(await bodyOf({ method: 'POST', url: '/pets', headers: key }), '400: {"body":"required"}')
  const added = await app.inject({ method: 'POST', url: '/pets', headers: key, payload: { name: 'Rex', kind: 'dog', born: null } })
  t.equal(added.statusCode, 201, added.body)
  t.same((await app.inject('/count')).json(), { pets: 2 })
  t.same(Object.keys((await documentOf(app)).paths), ['/pets', '/pets/{id}', '/count'])
})

t.test('problems are JSON for those who ask for it', async t => {
  const app = await createPetShop()
  t.teardown(() => app.close())
  const ask = (accept: string) => app.inject({ url: '/pets?limit=x', headers: { accept } })

  t.same((await ask('application/json')).json(), {
    statusCode: 400,
    code: 'AIO_ERR_REQUEST_INVALID',
    error: 'Bad Request',
    message: 'The request is not valid',
    parts: { query: { limit: 'must be integer' } }
  })
  t.match((await ask('application/problem+json')).json(), { status: 400, parts: { query: { limit: 'must be integer' } } })
})

t.test('a wrong description is an error with file, line and path', async t => {
  const app = build(t)
  await app.register(exceptions)
  await app.register(requests)
  await app.register(routes)
  const file = join(t.testdir(), 'spec.yaml')
  writeFileSync(file, [
    'openapi: 3.0.0',
    'info: { title: x, version: "1" }',
    'paths:',
    '  /a/{id}:',
    '    get:',
    '      operationId: one',
    '      parameters:',
    '        - name: q',
    '          in: query',
    '          schema:',
    '            type: integr',
    '      responses: {}',
    '    post:',
    '      operationId: one',
    '      security: [{ nobody: [] }]',
    '      requestBody:',
    '        $ref: "#/components/requestBodies/none"',
    ''
  ].join('\n'))
  await t.rejects(async () => app.register(openapi, { spec: file }), {
    code: 'AIO_ERR_OPENAPI_SPEC',
    message: [
      'The OpenAPI description is wrong:',
      `${file}:11 #/paths/~1a~1{id}/get/parameters/0/schema/type must be equal to one of the allowed values`,
      `${file}:5 #/paths/~1a~1{id}/get does not describe the path parameter "id"`,
      `${file}:13 #/paths/~1a~1{id}/post does not describe the path parameter "id"`,
      `${file}:16 #/paths/~1a~1{id}/post/requestBody cannot be resolved: "#/components/requestBodies/none"`,
      `${file}:14 #/paths/~1a~1{id}/post/operationId is taken by another operation: "one"`,
      `${file}:13 #/paths/~1a~1{id}/post needs the security scheme "nobody", which does not exist`
    ].join('\n')
  })
})

t.test('a file that cannot be read, or is no YAML, is an error', async t => {
  const file = join(t.testdir(), 'bad.yaml')
  writeFileSync(file, 'a: 1\nb: [\n')

  await t.rejects(setUp(t, { spec: file }), { code: 'AIO_ERR_OPENAPI_FILE', message: /bad\.yaml": line \d/ })
  await t.rejects(setUp(t, { spec: '/nowhere.yaml' }), { code: 'AIO_ERR_OPENAPI_FILE' })
  await t.rejects(setUp(t, { spec: { openapi: '2.0' } }), { code: 'AIO_ERR_OPENAPI_SPEC' })
  await t.rejects(setUp(t, Object({ specs: 1 })), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})

t.test('operations without a handler, and handlers without an operation, are errors that list them', async t => {
  const spec = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: { '/a': { get: { operationId: 'a' }, put: {} } } }
  const app = await setUp(t, { spec })
  t.throws(() => app.openapi.handle('b', async () => 'b'), {
    code: 'AIO_ERR_OPENAPI_OPERATION', message: 'The OpenAPI description has no operation "b": there are a (GET /a), PUT /a'
  })
  app.openapi.handle('a', async () => 'a')
  t.throws(() => app.openapi.handle('GET /a', async () => 'a'), { code: 'AIO_ERR_OPENAPI_HANDLED' })

  await t.rejects(async () => app.ready(), {
    code: 'AIO_ERR_OPENAPI_UNHANDLED', message: 'No handler for these operations of the OpenAPI description: PUT /a'
  })
})

t.test('websockets are not in the document, routes of a plugged plugin are, with its schemas', async t => {
  const app = build(t)
  await app.register(bundle, { openapi: { path: false } })
  app.get('/socket', { websocket: true }, async () => {})
  await app.ready()
  await app.routes.plug('/plugged', async scope => {
    scope.addSchema({ $id: 'Late', type: 'object', properties: { n: { type: 'integer' } } })
    scope.post('/x', { schema: { body: { $ref: 'Late#' } } }, async () => 'ok')
  })
  const document = await documentOf(app)

  t.same(Object.keys(document.paths), ['/plugged/x'])
  t.match(document['components'], { schemas: { 'def-0': { properties: { n: { type: 'integer' } } } } })
})

t.test('a missing package is named', async t => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  const { loadPackage } = await import('../../../plugins/openapi/packages.ts')

  await t.rejects(loadPackage('@fastify/swagger', async () => { throw missing }), {
    code: 'AIO_ERR_OPENAPI_PACKAGE', message: /npm install @fastify\/swagger$/
  })
  await t.rejects(loadPackage('x', async () => { throw new Error('other') }), { message: 'other' })
})
