/**
 * Digest authentication (RFC 7616) as a client middleware: the password itself never leaves.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { boolean, check, checkOptions, describe, string } from '../../../lib/options.ts'
import { bytesOf } from '../body/body-payload.ts'
import { digestChallenge, type DigestChallenge } from './digest-challenge.ts'
import type { ClientMiddleware, ClientRequest } from '../request.ts'
import type { RequestUrl } from '../url/request-url.ts'
import type { ClientResponse } from '../response/response.ts'
import { parseUrl } from '../url/url.ts'

/** Options of digest authentication. */
export interface DigestAuthOptions {
  /** The user's name, without a colon. */
  login: string
  password: string
  /** Sends credentials at once where the server is known to ask for them. @default true */
  preemptive?: boolean | undefined
}

/**
 * A middleware that answers Digest challenges (aiohttp: DigestAuthMiddleware); give it to a session or a request.
 *
 * The credentials belong to the origin of the first request, and to what its challenges name as their domain.
 *
 * A challenge that cannot be answered is a ClientError of the request.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function digestAuth (options: DigestAuthOptions): ClientMiddleware {
  checkOptions('digestAuth()', options, {
    login: check('a string without a colon', value => typeof value === 'string' && !value.includes(':')),
    password: string,
    preemptive: boolean
  })
  const { login, password, preemptive = true } = options
  for (const [name, value] of Object.entries({ login, password })) {
    if (value === undefined) throw new AIO_ERR_ARGUMENT_INVALID(name, 'digestAuth()', 'a string', describe(value))
  }
  const credentials = new Credentials(login, password)
  return async function answerDigest (request, handler) {
    credentials.bind(request.url)
    if (preemptive && credentials.covers(request.url)) await credentials.sign(request)
    const response = await handler(request)
    if (!await isAsked(credentials, request, response) || request.body?.replayable === false) return response
    await response.settle()
    await credentials.sign(request)
    const second = await handler(request)
    await isAsked(credentials, request, second)
    return second
  }
}

/** Whether a response asks for credentials; one whose question makes no sense is not left open. */
async function isAsked (credentials: Credentials, request: ClientRequest, response: ClientResponse): Promise<boolean> {
  try {
    return credentials.learn(request, response)
  } catch (error) {
    await response.settle()
    throw error
  }
}

/** What is known about the server. */
class Credentials {
  readonly #login: string
  readonly #password: string
  #origin: string | undefined
  #challenge: DigestChallenge | undefined
  /** Where the challenge holds: an origin with a path. */
  #spaces: RequestUrl[] = []
  #count = 0

  constructor (login: string, password: string) {
    this.#login = login
    this.#password = password
  }

  /** The first request decides whom the credentials are for. */
  bind (url: RequestUrl): void {
    this.#origin ??= url.origin
  }

  /** Whether a URL lies where the last challenge holds. */
  covers (url: RequestUrl): boolean {
    return this.#spaces.some(({ origin, pathname }) => origin === url.origin && isBelow(url.pathname, pathname))
  }

  /** Whether the response asks for credentials that may be given. @throws ClientError */
  learn ({ url }: ClientRequest, response: ClientResponse): boolean {
    if (response.status !== 401 || (url.origin !== this.#origin && !this.covers(url))) return false
    const challenge = digestChallenge(response.headers.getAll('www-authenticate'))
    if (challenge === undefined) return false
    if (challenge.nonce !== this.#challenge?.nonce) this.#count = 0
    this.#challenge = challenge
    this.#spaces = spacesOf(challenge, url)
    return true
  }

  /** Sets Authorization, unless that would use up a body that can be read once only. */
  async sign (request: ClientRequest): Promise<void> {
    const challenge = this.#challenge
    const qop = challenge === undefined ? undefined : qopFor(challenge, request)
    if (challenge === undefined || (qop === 'auth-int' && request.body?.replayable === false)) return
    const { realm, nonce, opaque, algorithm } = challenge
    const cnonce = randomBytes(8).toString('hex')
    const nc = (++this.#count).toString(16).padStart(8, '0')
    const uri = request.url.target
    const fields = [
      `username="${quoted(this.#login)}"`, `realm="${quoted(realm)}"`, `nonce="${quoted(nonce)}"`, `uri="${quoted(uri)}"`,
      `response="${await this.#response(challenge, request, { qop, cnonce, nc })}"`, `algorithm=${algorithm}`
    ]
    if (opaque !== undefined) fields.push(`opaque="${quoted(opaque)}"`)
    if (qop !== undefined) fields.push(`qop=${qop}`, `nc=${nc}`)
    if (qop !== undefined || challenge.session) fields.push(`cnonce="${cnonce}"`)
    request.headers.set('Authorization', `Digest ${fields.join(', ')}`)
  }

  /** RFC 7616, section 3.4.1. */
  async #response (
    { hash, realm, nonce, session }: DigestChallenge, request: ClientRequest,
    { qop, cnonce, nc }: { qop: string | undefined, cnonce: string, nc: string }
  ): Promise<string> {
    const digest = (text: string) => createHash(hash).update(text).digest('hex')
    const user = digest(`${this.#login}:${realm}:${this.#password}`)
    const secret = session ? digest(`${user}:${nonce}:${cnonce}`) : user
    const entity = qop === 'auth-int' ? `:${await bodyHash(hash, request)}` : ''
    const what = digest(`${request.method}:${request.url.target}${entity}`)
    return digest(qop === undefined ? `${secret}:${nonce}:${what}` : `${secret}:${nonce}:${nc}:${cnonce}:${qop}:${what}`)
  }
}

/** The stronger one, unless the body can be read once only and there is another. */
function qopFor ({ qop }: DigestChallenge, { body }: ClientRequest): 'auth' | 'auth-int' | undefined {
  const preferred = body?.replayable === false ? 'auth' : 'auth-int'
  return qop.includes(preferred) ? preferred : qop[0]
}

/** The places of a challenge that can be understood; the whole origin when it names none. */
function spacesOf ({ domain }: DigestChallenge, url: RequestUrl): RequestUrl[] {
  return (domain.length === 0 ? ['/'] : domain).flatMap(uri => {
    try {
      return url.join(parseUrl(uri))
    } catch {
      return []
    }
  })
}

async function bodyHash (hash: string, { body }: ClientRequest): Promise<string> {
  const whole = createHash(hash)
  for await (const bytes of bytesOf(body?.body ?? null)) whole.update(bytes)
  return whole.digest('hex')
}

function isBelow (path: string, space: string): boolean {
  return path === space || path.startsWith(space.endsWith('/') ? space : `${space}/`)
}

function quoted (text: string): string {
  return text.replace(/["\\]/g, '\\$&')
}
