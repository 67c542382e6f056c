/**
 * A client for one test server: aiohttp's `TestClient`. A ClientSession whose cookies are kept for IP addresses, which
 * repeats nothing and takes paths only.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import {
  ClientSession, CookieJar, TcpConnector, type ClientResponse, type ClientWebSocketResponse, type RequestOptions,
  type SessionOptions, type WsConnectOptions
} from '../client-session/index.ts'
import { argumentsOf, closeAfter, closeAll, type Closable, type TestContext } from './test-context.ts'
import { appExpected, isApp, serveApp, TestServer, type TestServerOptions } from './test-server.ts'
import { pathUrl } from './test-url.ts'

/** Options of `testClient()`: those of a ClientSession, and of the server it makes. */
export interface TestClientOptions extends Omit<SessionOptions, 'baseUrl'> {
  /** Of the server; only for an app. */
  server?: TestServerOptions
}

/** Asks one server, until it is closed. */
export class TestClient implements AsyncDisposable {
  readonly server: TestServer
  readonly session: ClientSession
  readonly #websockets = new Set<ClientWebSocketResponse>()
  #closed: Promise<void> | undefined
  readonly #owned: readonly Closable[]

  /** Use `testClient()`. `owned` are closed with it. */
  constructor (server: TestServer, options: Omit<SessionOptions, 'baseUrl'>, owned: readonly Closable[] = []) {
    if ('baseUrl' in options) {
      throw new AIO_ERR_OPTION_INVALID('baseUrl', 'testClient()', "nothing, for it is the server's", describe(options.baseUrl))
    }
    this.server = server
    this.#owned = owned
    this.session = new ClientSession({
      cookieJar: new CookieJar({ unsafe: true }),
      retry: false,
      ...(options.connector ?? options.dispatcher) === undefined && !options.http2
        // The certificate is the test's own.
        ? { connector: new TcpConnector({ ssl: false }) }
        : {},
      ...options,
      baseUrl: `${server.origin}/`
    })
  }

  get host (): string {
    return this.server.host
  }

  get port (): number {
    return this.server.port
  }

  get closed (): boolean {
    return this.session.closed
  }

  /**
   * The URL of a path on the server.
   *
   * @throws AIO_ERR_TEST_URL
   */
  makeUrl (path: string): string {
    return this.server.makeUrl(path)
  }

  /**
   * Sends a request to a path.
   *
   * @throws AIO_ERR_TEST_URL for a URL with a host, and what `ClientSession.request()` throws
   */
  async request (method: string, path: string, options?: RequestOptions): Promise<ClientResponse> {
    return await this.session.request(method, pathUrl(path), options)
  }

  get (path: string, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('GET', path, options)
  }

  options (path: string, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('OPTIONS', path, options)
  }

  /** Follows redirects only when it is told to. */
  head (path: string, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('HEAD', path, { allowRedirects: false, ...options })
  }

  post (path: string, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('POST', path, options)
  }

  put (path: string, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('PUT', path, options)
  }

  patch (path: string, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('PATCH', path, options)
  }

  delete (path: string, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('DELETE', path, options)
  }

  /**
   * Opens a websocket at a path.
   *
   * @throws AIO_ERR_TEST_URL, and what `ClientSession.wsConnect()` throws
   */
  async wsConnect (path: string, options?: WsConnectOptions): Promise<ClientWebSocketResponse> {
    // A test that has ended does not wait long for the other end.
    const websocket = await this.session.wsConnect(pathUrl(path), { timeout: { close: 1_000 }, ...options })
    this.#websockets.add(websocket)
    return websocket
  }

  /**
   * Closes its websockets and its session with every response that was not read, then the server it made. Twice gives
   * the same promise.
   *
   * @throws the error of a hook of the app, or an AggregateError of several
   */
  close (): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  async #close (): Promise<void> {
    await Promise.allSettled(Array.from(this.#websockets, websocket => websocket.close()))
    await closeAll([...this.#owned, this.session])
  }
}

/**
 * Serves an app, or takes a server, and gives a client for it; both are closed when the test ends. Without a test
 * context they are closed by `close()` or `await using`. A server that is given stays its giver's.
 *
 * @example
 * const client = await testClient(t, app)
 * const response = await client.get('/users')
 *
 * @throws what `testServer()` and `new ClientSession()` throw
 */
export async function testClient (
  t: TestContext, served: FastifyInstance | TestServer, options?: TestClientOptions
): Promise<TestClient>
export async function testClient (
  served: FastifyInstance | TestServer, options?: TestClientOptions
): Promise<TestClient>
export async function testClient (...given: unknown[]): Promise<TestClient> {
  const { context, served, options } = argumentsOf<FastifyInstance | TestServer, TestClientOptions>(
    'testClient()', isServed, `${appExpected}, or a server`, given)
  const { server, ...sessionOptions } = options
  if (served instanceof TestServer && server !== undefined) {
    throw new AIO_ERR_OPTION_INVALID('server', 'testClient()', 'nothing, for the server runs already', describe(server))
  }
  const client = served instanceof TestServer
    ? new TestClient(served, sessionOptions)
    : await clientOf(served, server ?? {}, sessionOptions)
  if (context !== undefined) closeAfter(context, client)
  return client
}

async function clientOf (
  app: FastifyInstance, serverOptions: TestServerOptions, options: Omit<SessionOptions, 'baseUrl'>
): Promise<TestClient> {
  const server = await serveApp(undefined, app, serverOptions)
  try {
    return new TestClient(server, options, [server])
  } catch (error) {
    await server.close()
    throw error
  }
}

function isServed (value: unknown): value is FastifyInstance | TestServer {
  return value instanceof TestServer || isApp(value)
}
