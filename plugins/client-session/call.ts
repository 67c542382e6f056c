/**
 * One call of `session.request()`: its hops from redirect to redirect, its tries, its limits.
 *
 * @module
 */

import {
  ClientError, InvalidUrlClientError, NonHttpUrlClientError, TimeoutError, TooManyRedirects
} from './errors.ts'
import type { CookiesInit } from './cookies/cookie-jar.ts'
import { HeaderMap } from './header-map.ts'
import type { BasicAuthInit, RequestOptions } from './options.ts'
import { payloadOf } from './body/payload.ts'
import { nextHop, type Hop } from './redirects.ts'
import { RequestUrl } from './url/request-url.ts'
import { ClientRequest, type ClientHandler } from './request.ts'
import { requestHeaders, takeCredentials } from './request-headers.ts'
import type { ClientResponse } from './response/response.ts'
import { isRepeatable, type RetryPolicy } from './retry.ts'
import { send } from './send.ts'
import type { ClientSession } from './session.ts'
import { headLimitsOf, namesOf, policyOf, type SessionSettings } from './session-settings.ts'
import { limitsOf, type Limits } from './timeouts.ts'
import { RequestTrace } from './tracing.ts'
import type { Payload } from './types.ts'
import { requestUrl, type UrlInit } from './url/url.ts'
import { AIO_ERR_CLIENT_CONFLICT } from './usage-errors.ts'
import { Watch } from './watch.ts'

/** Created for each call; `run()` resolves with the response. */
export class Call {
  readonly session: ClientSession
  readonly settings: SessionSettings
  readonly options: RequestOptions
  readonly limits: Limits
  readonly watch: Watch
  readonly trace: RequestTrace | undefined
  readonly skipAutoHeaders: ReadonlySet<string>
  /** What the user wants sent; redirects take from it. */
  readonly headers: HeaderMap
  cookies: CookiesInit | undefined
  auth: BasicAuthInit | undefined
  /** Whether a redirect has led to another origin. */
  crossed = false
  readonly history: ClientResponse[] = []
  /** Whether the socket is wanted once the server has switched protocols. */
  readonly upgrade: boolean
  readonly #method: string
  readonly #url: UrlInit
  readonly #policy: RetryPolicy | false | undefined
  #repeated = false

  constructor (
    session: ClientSession, settings: SessionSettings, method: string, url: UrlInit, options: RequestOptions,
    upgrade = false
  ) {
    this.session = session
    this.settings = settings
    this.options = options
    this.upgrade = upgrade
    this.#method = method
    this.#url = url
    this.limits = options.timeout === undefined ? settings.limits : limitsOf(options.timeout, 'a request')
    this.headers = new HeaderMap(settings.headers)
    if (options.headers !== undefined) this.headers.replace(options.headers)
    this.skipAutoHeaders = options.skipAutoHeaders === undefined
      ? settings.skipAutoHeaders
      : new Set([...settings.skipAutoHeaders, ...namesOf(options.skipAutoHeaders)])
    this.cookies = options.cookies
    this.auth = options.auth
    this.#policy = options.retry === undefined ? settings.retry : policyOf(options.retry)
    const { traceConfigs } = settings.options
    if (traceConfigs !== undefined && traceConfigs.length > 0) {
      this.trace = new RequestTrace(session, traceConfigs, options.traceRequestContext)
    }
    this.watch = new Watch(this.limits.total, settings.options.signal, options.signal)
  }

  /** @throws ClientError and its kind, TimeoutError, the signal's reason, usage errors */
  async run (): Promise<ClientResponse> {
    let current: Pick<Hop, 'method'> & { url: string } = { method: this.#method, url: String(this.#url) }
    try {
      const first = this.#firstUrl()
      if (first instanceof RequestUrl) current = { method: this.#method, url: first.href }
      if (this.trace !== undefined) await this.trace.send('onRequestStart', { ...current, headers: this.headers })
      if (first instanceof Error) throw first
      const response = await this.#follow(first, ({ method, url }) => { current = { method, url: url.href } })
      if (this.trace !== undefined) {
        await this.trace.send('onRequestEnd', { ...current, headers: this.headers, response })
      }
      return response
    } catch (error) {
      this.watch.stop()
      if (error instanceof ClientError || error instanceof TimeoutError) {
        error.method ??= current.method
        error.url ??= current.url
      }
      // Such a call is refused before it begins.
      if (this.trace !== undefined && !(error instanceof NonHttpUrlClientError && this.history.length === 0)) {
        await this.trace.send('onRequestException', { ...current, headers: this.headers, exception: error })
      }
      throw error
    }
  }

  /** A malformed URL is an event like others: its error is returned. @throws NonHttpUrlClientError */
  #firstUrl (): RequestUrl | Error {
    try {
      return requestUrl(this.settings.baseUrl, this.#url, this.options.params)
    } catch (error) {
      if (error instanceof InvalidUrlClientError) return error
      throw error
    }
  }

  async #follow (first: RequestUrl, onHop: (hop: Hop) => void): Promise<ClientResponse> {
    const body = this.#payload()
    let hop: Hop = { method: this.#method, url: first, body: body instanceof Promise ? await body : body }
    try {
      for (;;) {
        hop = { ...hop, url: takeCredentials(this, hop.url) }
        onHop(hop)
        const response = await this.#try(hop)
        const next = nextHop(this, hop, response)
        if (next === undefined) return await this.#accept(hop, response)
        await this.#leave(hop, response)
        if (next.body === null) await hop.body?.close()
        hop = next
      }
    } catch (error) {
      await hop.body?.close()
      throw error
    }
  }

  #payload (): Payload | null | Promise<Payload | null> {
    const { data, json, compress } = this.options
    if (data === undefined && json === undefined) return null
    if (compress !== undefined && compress !== false && this.headers.has('content-encoding')) {
      throw new AIO_ERR_CLIENT_CONFLICT('compress', 'the header Content-Encoding')
    }
    return payloadOf({ data, json, compress, jsonSerialize: this.settings.options.jsonSerialize })
  }

  /** Goes on from a redirect. @throws TooManyRedirects */
  async #leave (hop: Hop, response: ClientResponse): Promise<void> {
    if (this.trace !== undefined) {
      const { method, url } = hop
      await this.trace.send('onRequestRedirect', { method, url: url.href, headers: this.headers, response })
    }
    this.history.push(response)
    const { maxRedirects = 10 } = this.options
    if (maxRedirects !== 0 && this.history.length >= maxRedirects) {
      response.release()
      const { requestInfo } = this.history[0] ?? response
      throw new TooManyRedirects({ requestInfo, history: this.history })
    }
    await response.settle()
  }

  /** One hop, as often as it takes. */
  async #try (hop: Hop): Promise<ClientResponse> {
    for (let tries = 1; ; tries++) {
      let delay: number | undefined
      try {
        const response = await this.#handle(hop)
        delay = this.#delayAfter(hop, policy => policy.afterResponse(response, tries))
        if (delay === undefined) return response
        await response.settle()
      } catch (error) {
        delay = this.#delayAfter(hop, policy => policy.afterError(error, hop.method, tries))
        if (delay === undefined && !this.#mayRepeat(hop, error)) throw error
      }
      if (delay !== undefined && delay > 0) await this.#pause(delay)
    }
  }

  async #handle (hop: Hop): Promise<ClientResponse> {
    const headers = requestHeaders(this, hop)
    const request = new ClientRequest(this, hop.method, hop.url,
      headers instanceof Promise ? await headers : headers, hop.body)
    const { middlewares = this.settings.options.middlewares } = this.options
    if (middlewares === undefined || middlewares.length === 0) return await send(request)
    const handler = middlewares.reduceRight<ClientHandler>(
      (inner, middleware) => each => middleware(each, inner), send)
    return await this.watch.race(handler(request))
  }

  #delayAfter (hop: Hop, decide: (policy: RetryPolicy) => number | undefined): number | undefined {
    const policy = this.#policy
    if (policy === undefined || policy === false || !isReplayable(hop)) return undefined
    const delay = decide(policy)
    if (delay === undefined) {
      this.settings.budget.earn(policy.budget)
      return undefined
    }
    return this.settings.budget.spend() ? delay : undefined
  }

  /** aiohttp's own retry: once for a whole call, without a pause. */
  #mayRepeat (hop: Hop, error: unknown): boolean {
    if (this.#policy === false || this.#repeated || !isRepeatable(error, hop.method) || !isReplayable(hop)) return false
    this.#repeated = true
    return true
  }

  async #pause (delay: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, delay)
      this.watch.during(error => {
        clearTimeout(timer)
        reject(error)
      })
    })
  }

  async #accept ({ body }: Hop, response: ClientResponse): Promise<ClientResponse> {
    const { raiseForStatus = this.settings.options.raiseForStatus ?? false } = this.options
    if (raiseForStatus === true) response.raiseForStatus()
    else if (typeof raiseForStatus === 'function') await raiseForStatus(response)
    response.onEnd(() => {
      this.watch.stop()
      // Not before: an early answer comes while the body is still being sent.
      body?.close().catch(() => {})
    })
    return response
  }

  /** Limits for heads. */
  get headLimits () {
    return headLimitsOf(this.options, this.settings.headLimits)
  }
}

function isReplayable ({ body }: Hop): boolean {
  return body === null || body.replayable
}
