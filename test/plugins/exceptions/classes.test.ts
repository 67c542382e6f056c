/** The classes: what they answer with, their options, and classes of one's own. */

import t from 'tap'
import * as all from '../../../plugins/exceptions/index.ts'
import {
  HTTPBadRequest, HTTPException, HTTPForbidden, HTTPFound, HTTPInternalServerError, HTTPMethodNotAllowed,
  HTTPNoContent, HTTPNotModified, HTTPOk, HTTPRequestEntityTooLarge, HTTPResetContent,
  HTTPServiceUnavailable, HTTPUnavailableForLegalReasons, isHTTPException
} from '../../../plugins/exceptions/index.ts'
import { throwing } from './helper.ts'

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
    t.equal(error.stack?.includes('classes.test.ts') ?? false, status >= 500, `${row} has a stack only for 5xx`)
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
