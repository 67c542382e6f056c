import t, { type Test } from 'tap'
import { once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import exceptions, * as all from '../../plugins/exceptions/index.ts'
import {
  frameworkErrors, HTTPBadRequest, HTTPException, HTTPForbidden, HTTPFound, HTTPInternalServerError,
  HTTPMethodNotAllowed, HTTPNoContent, HTTPNotFound, HTTPNotModified, HTTPOk, HTTPRequestEntityTooLarge,
  HTTPResetContent, HTTPServiceUnavailable, HTTPTooManyRequests, HTTPUnavailableForLegalReasons, isHTTPException
} from '../../plugins/exceptions/index.ts'
import { build } from '../helper.ts'

/** An app with the plugin whose `GET /` throws what `make` gives; `GET /returned` returns it. */
async function throwing (
  t: Test, make: () => unknown, options: all.ExceptionsOptions = {}, fastify?: FastifyServerOptions
): Promise<FastifyInstance> {
  const app = build(t, fastify)
  await app.register(exceptions, options)
  app.get('/', async () => { throw make() })
  app.get('/returned', async () => make())
  app.get('/sync', () => { throw make() })
  return app
}

t.test('every class answers with its status, phrase and text', async t => {
  const table: [name: string, status: number, reason: string][] = [
    ['HTTPOk', 200, 'OK'], ['HTTPCreated', 201, 'Created'], ['HTTPAccepted', 202, 'Accepted'],
    ['HTTPNonAuthoritativeInformation', 203, 'Non-Authoritative Information'],
    ['HTTPNoContent', 204, 'No Content'], ['HTTPResetContent', 205, 'Reset Content'],
    ['HTTPPartialContent', 206, 'Partial Content'],
    ['HTTPMultipleChoices', 300, 'Multiple Choices'], ['HTTPMovedPermanently', 301, 'Moved Permanently'],
    ['HTTPFound', 302, 'Found'], ['HTTPSeeOther', 303, 'See Other'], ['HTTPNotModified', 304, 'Not Modified'],
    ['HTTPUseProxy', 305, 'Use Proxy'], ['HTTPTemporaryRedirect', 307, 'Temporary Redirect'],
    ['HTTPPermanentRedirect', 308, 'Permanent Redirect'],
    ['HTTPBadRequest', 400, 'Bad Request'], ['HTTPUnauthorized', 401, 'Unauthorized'],
    ['HTTPPaymentRequired', 402, 'Payment Required'], ['HTTPForbidden', 403, 'Forbidden'],
    ['HTTPNotFound', 404, 'Not Found'], ['HTTPMethodNotAllowed', 405, 'Method Not Allowed'],
    ['HTTPNotAcceptable', 406, 'Not Acceptable'],
    ['HTTPProxyAuthenticationRequired', 407, 'Proxy Authentication Required'],
    ['HTTPRequestTimeout', 408, 'Request Timeout'], ['HTTPConflict', 409, 'Conflict'], ['HTTPGone', 410, 'Gone'],
    ['HTTPLengthRequired', 411, 'Length Required'], ['HTTPPreconditionFailed', 412, 'Precondition Failed'],
    ['HTTPRequestEntityTooLarge', 413, 'Request Entity Too Large'],
    ['HTTPRequestURITooLong', 414, 'Request-URI Too Long'],
    ['HTTPUnsupportedMediaType', 415, 'Unsupported Media Type'],
    ['HTTPRequestRangeNotSatisfiable', 416, 'Requested Range Not Satisfiable'],
    ['HTTPExpectationFailed', 417, 'Expectation Failed'], ['HTTPMisdirectedRequest', 421, 'Misdirected Request'],
    ['HTTPUnprocessableEntity', 422, 'Unprocessable Entity'], ['HTTPFailedDependency', 424, 'Failed Dependency'],
    ['HTTPUpgradeRequired', 426, 'Upgrade Required'], ['HTTPPreconditionRequired', 428, 'Precondition Required'],
    ['HTTPTooManyRequests', 429, 'Too Many Requests'],
    ['HTTPRequestHeaderFieldsTooLarge', 431, 'Request Header Fields Too Large'],
    ['HTTPUnavailableForLegalReasons', 451, 'Unavailable For Legal Reasons'],
    ['HTTPInternalServerError', 500, 'Internal Server Error'], ['HTTPNotImplemented', 501, 'Not Implemented'],
    ['HTTPBadGateway', 502, 'Bad Gateway'], ['HTTPServiceUnavailable', 503, 'Service Unavailable'],
    ['HTTPGatewayTimeout', 504, 'Gateway Timeout'], ['HTTPVersionNotSupported', 505, 'HTTP Version Not Supported'],
    ['HTTPVariantAlsoNegotiates', 506, 'Variant Also Negotiates'],
    ['HTTPInsufficientStorage', 507, 'Insufficient Storage'], ['HTTPNotExtended', 510, 'Not Extended'],
    ['HTTPNetworkAuthenticationRequired', 511, 'Network Authentication Required']
  ]
  const make = (name: string) => {
    const Kind = Reflect.get(all, name)
    if (name === 'HTTPMethodNotAllowed') return new HTTPMethodNotAllowed('PUT', ['POST', 'GET', 'GET'])
    if (name === 'HTTPRequestEntityTooLarge') return new HTTPRequestEntityTooLarge(100, 200)
    if (name === 'HTTPUnavailableForLegalReasons') return new HTTPUnavailableForLegalReasons('https://law.example/1')
    return Kind.prototype instanceof all.HTTPMove ? new Kind('/to') : new Kind()
  }
  let name = ''
  const app = await throwing(t, () => make(name))

  t.same(table.map(([name]) => name).sort(), Object.entries(all)
    .filter(([name, value]) => name.startsWith('HTTP') && Object.hasOwn(value, 'statusCode') &&
      !['Exception', 'Successful', 'Redirection', 'Move', 'ClientError'].includes(name.slice(4)))
    .map(([name]) => name).sort())
  for (const [row, status, reason] of table) {
    name = row
    const empty = [204, 205, 304].includes(status)
    for (const url of ['/', '/returned', '/sync']) {
      const response = await app.inject(url)
      t.equal(response.statusCode, status, `${row} ${url}`)
      t.equal(response.statusMessage, reason)
      t.equal(response.body, empty ? '' : status === 413 ? 'Maximum request body size 100 exceeded.' : `${status}: ${reason}`)
      t.equal(response.headers['content-type'], empty ? undefined : 'text/plain; charset=utf-8')
      t.equal(response.headers.location, status >= 300 && status < 400 && status !== 304 ? '/to' : undefined)
      t.equal(response.headers.connection, 'keep-alive')
    }
    const error = make(row)
    t.ok(isHTTPException(error) && error instanceof Error)
    t.equal(error.name, row)
    t.equal(error.stack?.includes('exceptions.test.ts') ?? false, status >= 500, `${row} has a stack only for 5xx`)
  }
  t.ok(Error.stackTraceLimit > 0)
})

t.test('special headers: Allow, Link, Content-Length', async t => {
  t.equal(new HTTPMethodNotAllowed('PUT', new Set(['PUT', 'DELETE', 'GET'])).headers.get('allow'), 'DELETE,GET,PUT')
  const blocked = new HTTPUnavailableForLegalReasons('https://law.example/1')
  t.equal(blocked.headers.get('link'), '<https://law.example/1>; rel="blocked-by"')
  t.notOk(new HTTPUnavailableForLegalReasons(null).headers.has('link'))
  t.throws(() => new HTTPMethodNotAllowed('PUT', Object(5)), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => new HTTPMethodNotAllowed(Object(5), []), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  for (const sizes of [[undefined], ['5'], [-1], [NaN], [5, '9']]) {
    t.throws(() => Reflect.construct(HTTPRequestEntityTooLarge, sizes), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  }
  for (const [make, length] of [
    [() => new HTTPResetContent(), '0'], [() => new HTTPNoContent(), undefined], [() => new HTTPNotModified(), undefined]
  ] as const) {
    const app = await throwing(t, make)
    t.equal((await app.inject('/')).headers['content-length'], length)
  }
})

t.test('locations are re-quoted, and never empty', async t => {
  for (const [location, sent] of [
    ['/é x', '/%C3%A9%20x'], ['/a%20b?c=%zz&d="', '/a%20b?c=%25zz&d=%22'], ['/a\r\nx: y', '/ax:%20y'],
    ['https://user@host:1/p;q=1?x[]=1#f', 'https://user@host:1/p;q=1?x%5B%5D=1#f'], ['/\ud800', '/%EF%BF%BD'],
    ['\\\\evil.example', '%5C%5Cevil.example']
  ] as const) {
    const error = new HTTPFound(location)
    t.equal(error.headers.get('location'), sent)
    t.equal(error.location, location)
  }
  t.equal(new HTTPFound(new URL('http://a/b')).location, 'http://a/b')
  for (const location of ['', undefined, null, 5]) {
    t.throws(() => new HTTPFound(Object(location).valueOf()), { code: 'AIO_ERR_LOCATION' })
  }
})

t.test('options: text, body, contentType, headers, cookies, reason', async t => {
  const cases: [make: () => HTTPException, body: string, headers: object, reason?: string][] = [
    [() => new HTTPBadRequest({ text: 'ü' }), 'ü', { 'content-length': '2' }],
    [() => new HTTPBadRequest({ text: '' }), '', { 'content-type': 'text/plain; charset=utf-8' }],
    [() => new HTTPBadRequest({ text: '<h1>', contentType: 'text/html' }), '<h1>', { 'content-type': 'text/html; charset=utf-8' }],
    [() => new HTTPBadRequest({ contentType: 'application/problem' }), '400: Bad Request', { 'content-type': 'application/problem; charset=utf-8' }],
    [() => new HTTPBadRequest({ headers: { 'Content-Type': 'text/html' } }), '400: Bad Request', { 'content-type': 'text/html; charset=utf-8' }],
    [() => new HTTPBadRequest({ body: Buffer.from('bytes') }), 'bytes', { 'content-type': 'application/octet-stream' }],
    [() => new HTTPForbidden({ reason: 'Not on my watch' }), '403: Not on my watch', {}, 'Not on my watch'],
    [() => new HTTPForbidden({ headers: { 'x-a': '1', 'retry-after': 5 } }), '403: Forbidden', { 'x-a': '1', 'retry-after': '5' }],
    [() => {
      const error = new HTTPForbidden()
      error.setCookie('keep', '1')
      error.setCookie('drop', '1')
      error.delCookie('drop')
      error.headers.append('set-cookie', 'raw=1')
      return error
    }, '403: Forbidden', {
      'set-cookie': ['keep=1; Path=/', 'drop=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/', 'raw=1']
    }],
    [() => {
      const error = new HTTPForbidden()
      error.text = 'changed'
      return error
    }, 'changed', {}]
  ]
  for (const [make, body, headers, reason] of cases) {
    const response = await (await throwing(t, make)).inject('/')
    t.equal(response.body, body)
    t.match(response.headers, headers)
    if (reason !== undefined) t.equal(response.statusMessage, reason)
  }
  const cause = new Error('why')
  t.equal(new HTTPServiceUnavailable({ cause }).cause, cause)
  t.notOk('cause' in new HTTPServiceUnavailable())
  t.equal(new HTTPOk().contentType, 'text/plain')
})

t.test('an exception that nobody looked at is sent as one that somebody did', async t => {
  const looks: ((error: HTTPException) => unknown)[] = [
    error => error,
    ({ headers }) => headers.size,
    error => error.setCookie('a', '1'),
    error => { error.text = String(error.text) },
    error => { error.text += '' }
  ]
  const makes: (() => HTTPException)[] = [
    () => new HTTPForbidden(), () => new HTTPForbidden({ text: 'ü' }), () => new HTTPForbidden({ text: '' }),
    () => new HTTPForbidden({ reason: 'No' }), () => new HTTPForbidden({ headers: {} }), () => new HTTPOk(),
    () => new HTTPOk({ text: '' }), () => new HTTPFound('/to'), () => new HTTPInternalServerError()
  ]
  for (const [index, make] of makes.entries()) {
    for (const accept of ['*/*', 'application/json', 'application/problem+json']) {
      const answers = await Promise.all(looks.map(async look => {
        const app = await throwing(t, () => {
          const error = make()
          look(error)
          return error
        })
        const { headers, rawPayload, statusMessage } = await app.inject({ url: '/', headers: { accept } })
        const { date: _date, 'set-cookie': _cookie, ...others } = headers
        return { headers: Object.entries(others), text: rawPayload.toString(), statusMessage }
      }))
      for (const answer of answers) t.same(answer, answers[0], `exception ${index}, ${accept}`)
    }
  }
})

t.test('what is changed on an exception shows, and nothing of it on another', t => {
  const error = new HTTPForbidden()
  t.equal(error.isPlain, true)
  t.same([error.text, error.body, error.contentType], ['403: Forbidden', '403: Forbidden', 'text/plain'])
  t.equal(error.isPlain, false)
  error.headers.set('x-name', 'ü')
  t.same(error.body, Buffer.from('403: Forbidden'), 'text behind a head that is not ASCII is sent as bytes')
  error.headers.set('content-type', 'text/html')
  t.equal(error.contentType, 'text/html')
  error.text = 'changed'
  t.same([error.text, error.headers.get('content-type')], ['changed', 'text/html; charset=utf-8'])
  t.equal(error.customBody, false)
  error.text = null
  t.equal(error.text, null)
  t.same([...new HTTPForbidden().headers], [['content-type', 'text/plain; charset=utf-8']])
  t.same([...new HTTPNoContent().headers], [])
  t.equal(new HTTPNoContent().contentType, 'application/octet-stream')
  t.end()
})

t.test('bad options are coded errors', t => {
  const cases: [options: object, code: string][] = [
    [{ reason: 'a\r\nb: c' }, 'AIO_ERR_REASON'],
    [{ reason: 'ю' }, 'AIO_ERR_REASON'],
    [{ headers: { 'x-a': 'a\nb' } }, 'AIO_ERR_HEADER_VALUE'],
    [{ headers: { 'x a': 'a' } }, 'AIO_ERR_HEADER_NAME'],
    [{ text: 'a', body: 'b' }, 'AIO_ERR_OPTION_CONFLICT'],
    [{ headers: { 'content-type': 'text/html' }, contentType: 'text/html' }, 'AIO_ERR_OPTION_CONFLICT'],
    [{ contentType: 'text/html; charset=utf-8' }, 'AIO_ERR_CONTENT_TYPE'],
    [{ message: 'x' }, 'AIO_ERR_OPTION_UNKNOWN'],
    [{ text: 5 }, 'AIO_ERR_BODY'],
    [{ text: Symbol('no text') }, 'AIO_ERR_BODY']
  ]
  const { stackTraceLimit } = Error
  for (const [options, code] of cases) t.throws(() => new HTTPBadRequest(options), { code })
  t.throws(() => new HTTPBadRequest({ get cause () { throw new RangeError('no cause') } }), RangeError)
  t.equal(Error.stackTraceLimit, stackTraceLimit, 'a constructor that throws leaves the limit alone')
  t.end()
})

t.test('classes of one\'s own work', async t => {
  class Teapot extends all.HTTPClientError {
    static override readonly statusCode = 418
  }
  class Silent extends all.HTTPClientError {
    static override readonly statusCode = 409
    static override readonly emptyBody = true
  }
  t.equal((await (await throwing(t, () => new Teapot())).inject('/')).body, "418: I'm a Teapot")
  const response = await (await throwing(t, () => new Silent())).inject('/')
  t.equal(response.statusCode, 409)
  t.equal(response.body, '')
})

t.test('unhandled errors answer 500, close the connection, tell nothing, and are logged', async t => {
  for (const thrown of [new Error('secret'), 'secret', 42, { secret: 1 }, Object.create(null), null, undefined]) {
    const stream = new PassThrough({ encoding: 'utf8' })
    const app = await throwing(t, () => thrown, {}, { logger: { level: 'error', stream } })
    const response = await app.inject('/')
    t.equal(response.statusCode, 500)
    t.equal(response.body, '500 Internal Server Error\n\nServer got itself in trouble')
    t.equal(response.headers['content-type'], 'text/plain; charset=utf-8')
    t.equal(response.headers.connection, 'close')
    t.match(String(stream.read()), /"level":50.*Error handling request/)
    for (const accept of ['application/json', 'application/problem+json', 'text/html']) {
      const { body } = await app.inject({ url: '/', headers: { accept } })
      t.notMatch(body, /secret/)
      t.match(body, /Server got itself in trouble/)
    }
  }
})

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

t.test('a time-out of the platform is 504 without a body, as aiohttp answers it', async t => {
  const app = await throwing(t, () => new DOMException('The operation timed out', 'TimeoutError'))
  const response = await app.inject('/')

  t.equal(response.statusCode, 504)
  t.equal(response.body, '')
  t.match(response.headers, { 'content-type': /^text\/plain$/, connection: 'close' })
})

t.test('304 with a text has neither body nor length, empty bytes have no type', async t => {
  const cached = await (await throwing(t, () => new HTTPNotModified({ text: 'ignored' }))).inject('/')
  t.equal(cached.body, '')
  t.notOk(cached.headers['content-length'])

  const empty = await (await throwing(t, () => new HTTPBadRequest({ body: Buffer.alloc(0) }))).inject('/')
  t.equal(empty.statusCode, 400)
  t.notOk(empty.headers['content-type'])
})

t.test('headers that repeat keep their lines', async t => {
  const app = await throwing(t, () => new HTTPForbidden({ headers: { 'x-many': ['1', '2'] } }))

  t.same((await app.inject('/')).headers['x-many'], ['1', '2'])
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

t.test('Fastify\'s own errors come out the same way', async t => {
  const app = build(t, { bodyLimit: 10, handlerTimeout: 30 })
  await app.register(exceptions)
  app.post('/', { schema: { body: { type: 'object', properties: { n: { type: 'integer' } } } } }, async () => 'ok')
  app.get('/slow', async () => new Promise(() => {}))
  const post = (payload: string, type: string, accept = '*/*') =>
    app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': type, accept } })

  const invalid = await post('{"n":"x"}', 'application/json')
  t.equal(invalid.statusCode, 400)
  t.equal(invalid.body, '400: body/n must be integer')
  t.same((await post('{"n":"x"}', 'application/json', 'application/problem+json')).json(), {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'body/n must be integer',
    code: 'FST_ERR_VALIDATION',
    errors: [{ in: 'body', pointer: '/n', detail: 'must be integer' }]
  })
  const large = await post('{"n":1234567890}', 'application/json')
  t.equal(large.statusCode, 413)
  t.equal(large.statusMessage, 'Request Entity Too Large')
  t.equal(large.body, 'Maximum request body size 10 exceeded.')
  t.equal((await post('x', 'image/x')).statusCode, 415)
  t.match(await post('{', 'application/json'), { statusCode: 400, headers: { 'content-type': /^text\/plain/ } })
  t.match(await app.inject('/slow'), { statusCode: 503, body: '503: Service Unavailable' })
})

t.test('errors of other plugins keep their status and headers', async t => {
  const foreign = (fields: object) => Object.assign(new Error('told'), fields)
  const cases: [error: unknown, status: number, body: string][] = [
    [foreign({ statusCode: 409 }), 409, '409: told'], [foreign({ status: 410 }), 410, '410: told'],
    [foreign({ statusCode: 409, expose: false }), 409, '409: Conflict'],
    [foreign({ statusCode: 502 }), 502, '502: Bad Gateway'],
    [foreign({ statusCode: 200 }), 500, '500 Internal Server Error\n\nServer got itself in trouble'],
    [foreign({ statusCode: 499 }), 499, '499: told'],
    [foreign({ statusCode: 429, headers: { 'retry-after': '5' } }), 429, '429: told'],
    [foreign({ statusCode: 429, headers: { 'x-bad': 'a\nb' } }), 429, '429: told']
  ]
  for (const [error, status, body] of cases) {
    const response = await (await throwing(t, () => error)).inject('/')
    t.equal(response.statusCode, status)
    t.equal(response.body, body)
    t.equal(response.headers['retry-after'], Object(error).headers?.['retry-after'])
  }
  const app = build(t)
  await app.register(exceptions)
  app.get('/', async (_request, reply) => {
    reply.code(404).header('vary', 'origin')
    throw new Error('gone')
  })
  app.get('/varies', async (_request, reply) => {
    reply.header('vary', 'origin, Accept')
    throw new HTTPNotFound()
  })
  t.match(await app.inject('/'), { statusCode: 404, body: '404: gone', headers: { vary: 'origin, accept' } })
  t.equal((await app.inject('/varies')).headers.vary, 'origin, Accept')
})

t.test('a user\'s error handler in a child keeps working', async t => {
  const app = await throwing(t, () => new HTTPNotFound())
  await app.register(async child => {
    child.setErrorHandler(async (error, _request, reply) => {
      if (error instanceof HTTPForbidden) throw error
      return reply.code(400).send('mine')
    })
    child.get('/child', async () => { throw new HTTPNotFound() })
    child.get('/rethrown', async () => { throw new HTTPForbidden() })
  })

  t.equal((await app.inject('/child')).body, 'mine')
  t.equal((await app.inject('/rethrown')).body, '403: Forbidden')
  t.equal((await app.inject('/')).body, '404: Not Found')
})

t.test('404 and 405 are told apart, with Allow of all routes', async t => {
  const app = build(t, { routerOptions: { ignoreTrailingSlash: true } })
  await app.register(exceptions)
  app.get('/items/:id', async () => 'item')
  app.post('/items/special', async () => 'special')
  app.options('*', async () => 'preflight')
  app.put('/hosted', { constraints: { host: 'a.example' } }, async () => 'hosted')
  app.put('/versioned', { constraints: { version: '1.0.0' } }, async () => 'versioned')
  app.all('/any/*', { config: { allowed: false } }, async (_request, reply) => reply.callNotFound())
  app.get('/gone', async (_request, reply) => reply.callNotFound())
  await app.register(async child => { child.delete('/things', async () => 'gone') }, { prefix: '/v1' })

  for (const [method, url, status, allow, headers] of [
    ['PUT', '/items/1', 405, 'GET,HEAD'], ['PUT', '/items/1/', 405, 'GET,HEAD'], ['PUT', '/items/1?a=b', 405, 'GET,HEAD'],
    ['PUT', '/items/special', 405, 'GET,HEAD,POST'], ['GET', '/v1/things', 405, 'DELETE'],
    ['GET', '/none', 404], ['POST', '/items', 404], ['GET', '/any/thing', 404], ['GET', '/gone', 404], ['POST', '/gone', 405, 'GET,HEAD'],
    ['GET', '/hosted', 404], ['GET', '/hosted', 405, 'PUT', { host: 'a.example' }],
    ['GET', '/versioned', 404], ['GET', '/versioned', 405, 'PUT', { 'accept-version': '1.x' }],
    ['GET', '/versioned', 404, undefined, { 'accept-version': '2.x' }]
  ] as const) {
    const response = await app.inject({ method, url, headers: headers ?? {} })
    t.equal(response.statusCode, status, `${method} ${url}`)
    t.equal(response.headers.allow, allow, `${method} ${url}`)
    t.equal(response.body, status === 404 ? '404: Not Found' : '405: Method Not Allowed')
  }
  t.equal((await app.inject({ method: 'HEAD', url: '/none' })).headers['content-length'], '14')
})

t.test('a successful request pays nothing: no hooks but onRoute', async t => {
  const app = build(t)
  const hooks: string[] = []
  const addHook = app.addHook
  app.addHook = function (this: typeof app, ...args: Parameters<typeof addHook>) {
    hooks.push(args[0])
    return Reflect.apply(addHook, this, args)
  } as typeof addHook
  await app.register(exceptions)

  t.same(hooks, ['onRoute'])
})

t.test('notFound: false leaves the not-found handler to the user', async t => {
  const app = build(t)
  await app.register(exceptions, { notFound: false })
  app.setNotFoundHandler((_request, reply) => { reply.code(404).send('mine') })

  t.equal((await app.inject('/none')).body, 'mine')
})

t.test('thrown responses are sent', async t => {
  const app = await throwing(t, () => new Response('thrown', { status: 202 }))
  t.match(await app.inject('/'), { statusCode: 202, body: 'thrown' })
})

t.test('a handler that gives up because its request was aborted answers 503, and its error is no fault', async t => {
  const app = await throwing(t, () => new HTTPNotFound())
  app.get('/aborted', async request => {
    const aborted = once(request.signal, 'abort')
    request.raw.emit('close')
    await aborted
    throw request.signal.reason
  })

  t.match(await app.inject('/aborted'), {
    statusCode: 503, headers: { 'retry-after': '1' }, body: '503: Service Unavailable'
  })
})

t.test('frameworkErrors answers bad URLs like any other error', async t => {
  const app = build(t, { frameworkErrors, routerOptions: { maxParamLength: 5 } })
  await app.register(exceptions)
  app.get('/:id', async () => 'x')

  t.match(await app.inject('/%zz'), { statusCode: 400, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  t.equal((await app.inject({ url: '/%zz', headers: { accept: 'application/json' } })).json().code, 'FST_ERR_BAD_URL')
  t.equal((await app.inject('/toolong')).statusCode, 414)
})

t.test('the phrase is on the wire, and an exception keeps the connection', async t => {
  const app = await throwing(t, () => new HTTPNotFound({ reason: 'Lost' }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = app.server.address()
  const socket = connect(Object(address).port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = ''
  socket.setEncoding('latin1').write('GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  for await (const chunk of socket) received += chunk

  t.equal(received.match(/HTTP\/1\.1 404 Lost\r\n/g)?.length, 2)
})
