/**
 * Whether a request that changes something was meant by the user: where it comes from, and the token it brings.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HTTPForbidden } from '../exceptions/index.ts'
import type {} from '../requests/index.ts'
import type { Keeper } from './keeper.ts'
import type { CsrfOptions } from './options.ts'
import { isTokenOf, maskSecret, newSecret } from './token.ts'

const formTypes = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i

/** What `app.csrf` offers; handlers call `csrfToken(request)`. */
export class Csrf {
  readonly #keeper: Keeper
  readonly #field: string
  readonly #header: string
  readonly #origins: ReadonlySet<string>
  /** The secrets of this moment: two tokens of one page are of one secret. */
  readonly #secrets = new WeakMap<IncomingMessage, Promise<string>>()

  constructor (keeper: Keeper, { field = '_csrf', header = 'x-csrf-token', origins = [] }: CsrfOptions) {
    this.#keeper = keeper
    this.#field = field
    this.#header = header.toLowerCase()
    this.#origins = new Set(origins)
  }

  /** The name of the field that forms send tokens in. */
  get field (): string {
    return this.#field
  }

  /** A token for the pages of this client. @throws AIO_ERR_CSRF_REPLY, AIO_ERR_SESSION_REPLY */
  async token (request: FastifyRequest, reply?: FastifyReply): Promise<string> {
    let secret = this.#secrets.get(request.raw)
    if (secret === undefined) {
      secret = this.#secretOf(request, reply)
      this.#secrets.set(request.raw, secret)
      secret.catch(() => this.#secrets.delete(request.raw))
    }
    return maskSecret(await secret)
  }

  /** @throws HTTPForbidden */
  async check (request: FastifyRequest): Promise<void> {
    if (!this.#isFromUs(request)) throw refused('it comes from another site')
    const secret = await this.#keeper.read(request)
    if (secret === null) throw refused('the client has no token yet, or its session has ended')
    const token = request.headers[this.#header] ?? await this.#fieldOf(request)
    if (token === undefined || token === null) throw refused(`"${this.#field}" and "${this.#header}" are missing`)
    if (!isTokenOf(secret, token)) throw refused('the token is wrong, or of an earlier session')
  }

  async #secretOf (request: FastifyRequest, reply: FastifyReply | undefined): Promise<string> {
    const known = await this.#keeper.read(request)
    if (known !== null) return known
    const secret = newSecret()
    await this.#keeper.write(request, reply, secret)
    return secret
  }

  /** What browsers say about where a request comes from; other clients say nothing, and are asked for a token only. */
  #isFromUs ({ headers, host, protocol }: FastifyRequest): boolean {
    const { origin } = headers
    if (origin !== undefined) return origin === `${protocol}://${host}` || this.#origins.has(origin)
    const site = headers['sec-fetch-site']
    return site === undefined || site === 'same-origin' || site === 'none'
  }

  /** The token in the body, parsed by Fastify or to be read by us. */
  async #fieldOf (request: FastifyRequest): Promise<unknown> {
    const { body } = request
    if (typeof body === 'object' && body !== null) return Object.hasOwn(body, this.#field) ? Reflect.get(body, this.#field) : null
    const type = request.headers['content-type'] ?? ''
    if (body !== undefined && body !== null) return null
    if (!request.server.hasRequestDecorator('post') || !formTypes.test(type)) return null
    return (await request.post()).get(this.#field)
  }
}

function refused (why: string): HTTPForbidden {
  return new HTTPForbidden({ text: `403: Forbidden (the request may be forged: ${why})` })
}
