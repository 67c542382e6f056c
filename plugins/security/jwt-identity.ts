/**
 * Identities in JSON web tokens (RFC 7519) that came with `Authorization: Bearer`; somebody else gives them out.
 *
 * Which algorithms are believed is said here, never by the token; each goes with the kind of key it is made for.
 *
 * @module
 */

import {
  createPublicKey, createSecretKey, verify, createHmac, timingSafeEqual, type KeyObject
} from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { check, checkOptions, either, listOf, milliseconds, nonEmptyString, oneOf, type Shape } from '../../lib/options.ts'
import { secrets, type Secret } from '../../lib/secrets.ts'
import { AIO_ERR_JWT_KEY, AIO_ERR_SECURITY_TOKEN } from './errors.ts'
import type { IdentityPolicy } from './policy.ts'

/** What signatures are made with: HMAC with SHA-256, RSA with SHA-256, Ed25519. */
export type JWTAlgorithm = 'HS256' | 'RS256' | 'EdDSA'

/** Options of `JWTIdentity`. */
export interface JWTIdentityOptions {
  /** Secrets for HS256, public keys in PEM for the others; of several, whichever fits. */
  keys: Secret | readonly Secret[]
  /** Those that are believed; all of one kind. @default ['HS256'] */
  algorithms?: readonly JWTAlgorithm[] | undefined
  /** Whom tokens have to be for. @default anybody */
  audience?: string | undefined
  /** The claim that holds the identity. @default 'login' */
  claim?: string | undefined
  /** How much clocks may differ, in milliseconds. @default 0 */
  clockTolerance?: number | undefined
  /** Who has to have given them out. @default anybody */
  issuer?: string | readonly string[] | undefined
}

const algorithmNames: readonly JWTAlgorithm[] = ['HS256', 'RS256', 'EdDSA']
const shape: Shape<JWTIdentityOptions> = {
  keys: secrets,
  algorithms: check(`a list of ${algorithmNames.join(', ')}`,
    value => listOf(oneOf(...algorithmNames)).test(value) && Array.isArray(value) && value.length > 0),
  audience: nonEmptyString,
  claim: nonEmptyString,
  clockTolerance: milliseconds,
  issuer: either(nonEmptyString, listOf(nonEmptyString))
}

/** Longer ones are not looked at. */
const maxLength = 8192
const compact = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

type Claims = Readonly<Record<string, unknown>>

/** Believes tokens (aiohttp_security: JWTIdentityPolicy). A token that is not good is nobody's. */
export class JWTIdentity implements IdentityPolicy {
  readonly #keys: readonly { algorithm: JWTAlgorithm, key: KeyObject }[]
  readonly #options: JWTIdentityOptions

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_JWT_KEY */
  constructor (options: JWTIdentityOptions) {
    checkOptions('JWTIdentity', options, shape)
    const { algorithms = ['HS256'], keys } = options
    const list: readonly Secret[] = isList(keys) ? keys : [keys]
    this.#keys = algorithms.flatMap(algorithm => list.map(key => ({ algorithm, key: keyFor(algorithm, key) })))
    if (this.#keys.length === 0) throw new AIO_ERR_JWT_KEY(algorithms.join(', '), 'there is none')
    this.#options = options
  }

  async identify ({ headers }: FastifyRequest): Promise<string | null> {
    const [, token] = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? []
    if (token === undefined || token.length > maxLength) return null
    const claims = this.#verified(token)
    if (claims === null || !this.#accepts(claims)) return null
    const identity = Object.hasOwn(claims, this.#claim) ? claims[this.#claim] : null
    return typeof identity === 'string' && identity !== '' ? identity : null
  }

  async remember (): Promise<void> {
    throw new AIO_ERR_SECURITY_TOKEN()
  }

  /** There is nothing to forget: a token is good until it expires. */
  async forget (): Promise<void> {}

  get #claim (): string {
    return this.#options.claim ?? 'login'
  }

  /** What a token says, when one of our keys has signed it with its algorithm. */
  #verified (token: string): Claims | null {
    const [, head = '', body = '', signature = ''] = compact.exec(token) ?? []
    const header = decode(head)
    // RFC 7515, section 4.1.11: what is marked as critical has to be understood.
    if (header === null || 'crit' in header) return null
    const signed = Buffer.from(`${head}.${body}`)
    const bytes = Buffer.from(signature, 'base64url')
    const isSigned = this.#keys.some(({ algorithm, key }) =>
      algorithm === header['alg'] && isSignature(algorithm, key, signed, bytes))
    return isSigned ? decode(body) : null
  }

  #accepts (claims: Claims): boolean {
    const { audience, clockTolerance = 0, issuer } = this.#options
    const now = Date.now() / 1000
    const tolerance = clockTolerance / 1000
    const { aud, exp, iss, nbf } = claims
    if (exp !== undefined && !(typeof exp === 'number' && now < exp + tolerance)) return false
    if (nbf !== undefined && !(typeof nbf === 'number' && now >= nbf - tolerance)) return false
    if (audience !== undefined && ![aud].flat().includes(audience)) return false
    return issuer === undefined || (typeof iss === 'string' && [issuer].flat().includes(iss))
  }
}

function isSignature (algorithm: JWTAlgorithm, key: KeyObject, signed: Buffer, signature: Buffer): boolean {
  if (algorithm !== 'HS256') return verify(algorithm === 'RS256' ? 'sha256' : null, signed, key, signature)
  const expected = createHmac('sha256', key).update(signed).digest()
  return expected.length === signature.length && timingSafeEqual(expected, signature)
}

/** The key of an algorithm; a public key is never a secret, which everybody could sign with. */
function keyFor (algorithm: JWTAlgorithm, secret: Secret): KeyObject {
  const bytes = Buffer.from(secret)
  const isPem = bytes.includes('-----BEGIN')
  if (algorithm === 'HS256') {
    if (isPem) throw new AIO_ERR_JWT_KEY(algorithm, 'expected a secret, got a key in PEM')
    if (bytes.length < 32) throw new AIO_ERR_JWT_KEY(algorithm, `expected at least 32 bytes, got ${bytes.length}`)
    return createSecretKey(bytes)
  }
  if (!isPem) throw new AIO_ERR_JWT_KEY(algorithm, 'expected a public key in PEM')
  const key = createPublicKey(bytes)
  const type = algorithm === 'RS256' ? 'rsa' : 'ed25519'
  if (key.asymmetricKeyType !== type) {
    throw new AIO_ERR_JWT_KEY(algorithm, `expected a key of the type ${type}, got ${String(key.asymmetricKeyType)}`)
  }
  return key
}

function isList (keys: Secret | readonly Secret[]): keys is readonly Secret[] {
  return Array.isArray(keys)
}

function decode (part: string): Claims | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Claims : null
  } catch {
    return null
  }
}
