/**
 * Requests: what aiohttp's request has and Fastify's lacks. Forms and uploads, multipart, the body as a stream,
 * decompression, cookies, conditions, ranges, and the limits that go with them.
 *
 * All of it is worked out when it is asked for: a request that uses none of it pays nothing. Bodies that are read
 * here must not have been parsed by Fastify: `app.lazyBodies()`.
 *
 * @module
 */

import type { RequestListener } from 'node:http'
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { ETag } from '../../lib/conditions.ts'
import { checkOptions, func, integer } from '../../lib/options.ts'
import type { CloneOptions } from './clone.ts'
import { decorateRequests } from './decorations.ts'
import { Expectations, type ExpectHandler } from './expect.ts'
import type { Form } from './form.ts'
import type { MultiDict } from './multi-dict.ts'
import type { MultipartReader } from './multipart.ts'
import { shape, type RequestsOptions } from './options.ts'
import type { RangeSlice } from './range.ts'
import { Registry } from './registry.ts'
import type { StreamReader } from './stream-reader.ts'

export { BodyPartReader } from './body-part.ts'
export type { CloneOptions } from './clone.ts'
export type { RequestName } from './decorations.ts'
export type { ETag } from '../../lib/conditions.ts'
export type { ExpectHandler } from './expect.ts'
export { FileField, type Form } from './form.ts'
export { MultiDict } from './multi-dict.ts'
export { MultipartReader } from './multipart.ts'
export type { RequestsOptions } from './options.ts'
export type { RangeSlice } from './range.ts'
export { StreamReader } from './stream-reader.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Bodies of the routes of this scope are left unread, for `request.read()` and the like to read them. */
    lazyBodies (): void
  }
  interface FastifyContextConfig {
    /** Limit of a body that is read at once, in bytes; 0 for none. */
    clientMaxSize?: number | undefined
    /** Decides about `Expect: 100-continue`. */
    expectHandler?: ExpectHandler | undefined
  }
  interface RouteShorthandOptions {
    /** Limit of a body that is read at once, in bytes; 0 for none. */
    clientMaxSize?: number | undefined
    /** Decides about `Expect: 100-continue`. */
    expectHandler?: ExpectHandler | undefined
  }
  interface FastifyRequest {
    /** The whole URL (aiohttp: url). */
    readonly absoluteUrl: string
    /** Whom the request is for: trusted proxies, target, Host, else the local address (aiohttp: host). */
    readonly authority: string
    /** Whether the message has a body. */
    readonly bodyExists: boolean
    /** Whether some of the body is still to be read. */
    readonly canReadBody: boolean
    /** Of Content-Type; `null` when it has none. */
    readonly charset: string | null
    /** The limit of this request's body, in bytes; 0 for none. */
    readonly clientMaxSize: number
    /** The body as a stream. @throws AIO_ERR_BODY_PARSED */
    readonly content: StreamReader
    /** `null` when it is not known beforehand. */
    readonly contentLength: number | null
    /** Media type without parameters; `application/octet-stream` when there is none or it is malformed. */
    readonly contentType: string
    /** Leniently parsed; an object without a prototype. */
    readonly cookies: Readonly<Record<string, string>>
    /** What proxies wrote into Forwarded (RFC 7239), believable or not. */
    readonly forwarded: readonly Readonly<Record<string, string>>[]
    /** All header lines as they came, looked up in any case, UTF-8 decoded. */
    readonly headersMulti: MultiDict
    /** The Range header. @throws HTTPRequestRangeNotSatisfiable */
    readonly httpRange: RangeSlice
    readonly ifMatch: readonly ETag[] | null
    readonly ifModifiedSince: Date | null
    readonly ifNoneMatch: readonly ETag[] | null
    /** Dates only, as in aiohttp. */
    readonly ifRange: Date | null
    readonly ifUnmodifiedSince: Date | null
    /** Whether the client wants the connection to stay. */
    readonly keepAlive: boolean
    /** Decoded; what is no valid UTF-8 stays percent-encoded. */
    readonly path: string
    /** Path and query as they came. */
    readonly pathQs: string
    /** Every value of every name, in order. */
    readonly queryMulti: MultiDict
    /** The query, decoded as one text; for display. */
    readonly queryString: string
    /** The target of the request line. */
    readonly rawPath: string
    /** Path and query (aiohttp: rel_url). */
    readonly relUrl: string
    /** Address of the client as far as trusted proxies name it, else of the peer; `null` when it is not known. */
    readonly remote: string | null
    /** `http` or `https`, as trusted proxies say, else the socket. */
    readonly scheme: string
    readonly secure: boolean
    /** Of HTTP, such as `1.1`. */
    readonly version: string
    /** A request with some parts replaced; the body is shared, state is copied. @throws AIO_ERR_CLONE_READ */
    clone (options?: CloneOptions): FastifyRequest
    /** The body as JSON, whatever its type says. @throws HTTPBadRequest, HTTPRequestEntityTooLarge */
    json<T = unknown> (): Promise<T>
    /** The body part by part. @throws HTTPBadRequest */
    multipart (): Promise<MultipartReader>
    /** The form; empty when the request has none. @throws HTTPBadRequest, HTTPRequestEntityTooLarge */
    post (): Promise<Form>
    /** The body as bytes, the same each time. @throws HTTPRequestEntityTooLarge */
    read (): Promise<Buffer>
    /** Reads what is left of the body and forgets it. */
    release (): Promise<void>
    /** The body as text, in its charset or UTF-8. @throws HTTPBadRequest, HTTPRequestEntityTooLarge */
    text (): Promise<string>
  }
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export default fp<RequestsOptions>(async function requests (app, options) {
  checkOptions('the requests plugin', options, shape)
  const registry = new Registry(app, options)
  decorateRequests(app, registry, options.leaveOut ?? [])
  app.decorate('lazyBodies', function (this: FastifyInstance) {
    this.removeAllContentTypeParsers()
    this.addContentTypeParser('*', (_request, _payload, done) => done(null))
    if (this.hasDecorator('routes')) this.routes.restoreParser()
    // No promise for the many requests that have nothing to tidy up.
    this.addHook('onResponse', (request, _reply, done) => {
      const disposed = registry.dispose(request)
      if (disposed === undefined) done()
      else disposed.then(() => done(), done)
    })
  })

  expectContinue(app)
}, {
  name: 'requests',
  fastify: '5.x'
})

/** Route options become the route's config, and its handler for `Expect` the first of its hooks. */
function expectContinue (app: FastifyInstance): void {
  const expectations = new Expectations()
  const routing: RequestListener = (request, response) => app.routing(request, response)
  expectations.refuseUnknown(app.server, routing)

  function readOptions (route: RouteOptions): void {
    const { clientMaxSize = route.config?.clientMaxSize, expectHandler = route.config?.expectHandler } = route
    checkOptions(`the route ${route.url}`, { clientMaxSize, expectHandler }, {
      clientMaxSize: integer(0),
      expectHandler: func
    })
    if (clientMaxSize !== undefined) route.config = { ...route.config, clientMaxSize }
    if (expectHandler === undefined) return
    expectations.listen(app.server, routing)
    addFirst(route, expectations.hook(expectHandler))
  }
  app.addHook('onRoute', readOptions)
  app.addHook('onReady', async () => {
    if (app.hasDecorator('routes')) app.routes.onRoute(readOptions)
  })
}

function addFirst (route: RouteOptions, hook: ReturnType<Expectations['hook']>): void {
  const hooks = route.onRequest === undefined ? [] : [route.onRequest].flat()
  route.onRequest = [hook, ...hooks]
}
