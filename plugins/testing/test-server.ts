/**
 * A server for one test: an app, or a bare request listener, on a port of its own. aiohttp's `TestServer` and
 * `RawTestServer`.
 *
 * The app runs as in production, under a runner with its whole lifecycle; only waiting is shorter.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { checkOptions, func, integer, nonEmptyString, object, type Shape } from '../../lib/options.ts'
import {
  AppRunner, ServerRunner, TCPSite, type BaseRunner, type RunnerOptions, type TLSOptions
} from '../runner/index.ts'
import { AIO_ERR_TEST_APP } from './errors.ts'
import { argumentsOf, closeAfter, type TestContext } from './test-context.ts'
import { pathUrl } from './test-url.ts'

/** Options of `testServer()` and `rawServer()`. */
export interface TestServerOptions {
  /** @default '127.0.0.1' */
  host?: string
  /**
   * The port; 0 lets the system choose.
   *
   * @default 0
   */
  port?: number
  /** Serves HTTPS with these options of `node:tls` (`key` and `cert`, or `pfx`). */
  tls?: TLSOptions
  /**
   * Of the runner.
   *
   * @default { shutdownTimeout: 5000, idleGrace: 0 }; for a raw server { shutdownTimeout: 0, idleGrace: 0 } and no log
   */
  runner?: RunnerOptions
}

const shape: Shape<TestServerOptions> = { host: nonEmptyString, port: integer(0, 65_535), tls: object, runner: object }

/** What has not ended after five seconds never will; who is silent between two requests has no more to ask. */
const forApps: RunnerOptions = { shutdownTimeout: 5_000, idleGrace: 0 }

const silent = () => {}
/** Listeners may leave requests unanswered on purpose: nobody waits for them, and nobody is told. */
const forListeners: RunnerOptions = {
  shutdownTimeout: 0, idleGrace: 0, log: { info: silent, warn: silent, error: silent }
}

/** A server that listens until it is closed. */
export class TestServer implements AsyncDisposable {
  /** What is served; a raw server has none. */
  readonly app: FastifyInstance | undefined
  readonly runner: BaseRunner
  readonly host: string
  readonly scheme: 'http' | 'https'
  readonly #wanted: TestServerOptions
  #port = 0

  /** Use `testServer()` or `rawServer()`. */
  constructor (runner: BaseRunner, options: TestServerOptions, app?: FastifyInstance) {
    this.app = app
    this.runner = runner
    this.host = options.host ?? '127.0.0.1'
    this.scheme = options.tls === undefined ? 'http' : 'https'
    this.#wanted = options
  }

  get port (): number {
    return this.#port
  }

  /** Scheme, host and port: `http://127.0.0.1:40123`. */
  get origin (): string {
    return `${this.scheme}://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.#port}`
  }

  get closed (): boolean {
    return this.runner.phase === 'closed'
  }

  /**
   * The URL of a path on this server.
   *
   * @throws AIO_ERR_TEST_URL for a URL with a host
   */
  makeUrl (path: string): string {
    return new URL(pathUrl(path), this.origin).href
  }

  /**
   * Ends the app as in production: requests are waited for, contexts are left. Twice gives the same promise.
   *
   * @throws the error of a hook, or an AggregateError of several
   */
  close (): Promise<void> {
    return this.runner.cleanup()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  /** Starts what is served and listens; what had started is left again when that fails. */
  async start (): Promise<this> {
    const { port = 0, tls } = this.#wanted
    try {
      await this.runner.setup()
      const site = new TCPSite(this.runner, { host: this.host, port, ...(tls === undefined ? {} : { tls }) })
      await site.start()
      this.#port = site.port
    } catch (error) {
      // What goes wrong in leaving follows from this error.
      await this.close().catch(() => {})
      throw error
    }
    return this
  }
}

/**
 * Serves an app on a port of its own until the test ends; without a test context until `close()` or `await using`.
 *
 * @example
 * const server = await testServer(t, app)
 * const response = await fetch(server.makeUrl('/users'))
 *
 * @throws AIO_ERR_TEST_APP for an app that listens by itself, is served or closed; the app's own error when it does not
 *   start; AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export async function testServer (
  t: TestContext, app: FastifyInstance, options?: TestServerOptions
): Promise<TestServer>
export async function testServer (app: FastifyInstance, options?: TestServerOptions): Promise<TestServer>
export async function testServer (...given: unknown[]): Promise<TestServer> {
  const { context, served: app, options } =
    argumentsOf<FastifyInstance, TestServerOptions>('testServer()', isApp, appExpected, given)
  return await serveApp(context, app, options)
}

/** `testServer()` without its ways of being called. */
export async function serveApp (
  context: TestContext | undefined, app: FastifyInstance, options: TestServerOptions
): Promise<TestServer> {
  checkOptions('testServer()', options, shape)
  checkServable(app)
  const server = new TestServer(new AppRunner(app, { ...forApps, ...options.runner }), options, app)
  return await begin(context, server)
}

/**
 * Serves a bare request listener: for tests of clients, and of answers no app would give. A listener that throws is
 * answered for with 500 and the error's stack. aiohttp's `RawTestServer`.
 *
 * @example
 * const server = await rawServer(t, (request, response) => { response.end('Hello') })
 *
 * @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export async function rawServer (t: TestContext, handler: RawHandler, options?: TestServerOptions): Promise<TestServer>
export async function rawServer (handler: RawHandler, options?: TestServerOptions): Promise<TestServer>
export async function rawServer (...given: unknown[]): Promise<TestServer> {
  const expected = 'a function (request, response)'
  const { context, served, options } =
    argumentsOf<RawHandler, TestServerOptions>('rawServer()', isRawHandler, expected, given)
  checkOptions('rawServer()', options, shape)
  const runner = new ServerRunner(telling(served), { ...forListeners, ...options.runner })
  return await begin(context, new TestServer(runner, options))
}

/** Answers a request of `node:http`; it may be an async function. */
export type RawHandler = (request: IncomingMessage, response: ServerResponse) => unknown

/** What an app has to be, in words. */
export const appExpected = 'a Fastify app (a promise of one has to be awaited first)'

/** Not instanceof, for there may be two copies of Fastify. */
export function isApp (value: unknown): value is FastifyInstance {
  const { routing, ready } = value as Partial<FastifyInstance> | null ?? {}
  return func.test(routing) && func.test(ready)
}

function isRawHandler (value: unknown): value is RawHandler {
  return func.test(value) && !isApp(value)
}

function checkServable (app: FastifyInstance): void {
  if (app.server.listening) throw new AIO_ERR_TEST_APP('it listens by itself: leave out app.listen()')
  if (app.hasDecorator('runner')) {
    throw new AIO_ERR_TEST_APP('a runner has served it already: make a new app for each server')
  }
}

async function begin (context: TestContext | undefined, server: TestServer): Promise<TestServer> {
  await server.start()
  if (context !== undefined) closeAfter(context, server)
  return server
}

/** A handler whose errors are told to the client: in a test that is who has to know. */
function telling (handler: RawHandler): RequestListener {
  return (request, response) => {
    const fail = (error: unknown) => {
      if (response.headersSent) return response.destroy()
      response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' })
      return response.end(error instanceof Error ? error.stack : String(error))
    }
    Promise.resolve().then(() => handler(request, response)).catch(fail)
  }
}
