/**
 * Basic authentication (RFC 7617).
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'
import type { RequestUrl } from '../url/request-url.ts'

/** How the characters of user and password become bytes. */
export type AuthEncoding = 'latin1' | 'utf-8'

/**
 * The value of an Authorization header.
 *
 * @throws AIO_ERR_ARGUMENT_INVALID for a colon in the user's name, and for text the encoding has no bytes for
 */
export function encodeBasicAuth (login: string, password = '', encoding: AuthEncoding = 'utf-8'): string {
  if (typeof login !== 'string' || login.includes(':')) {
    throw new AIO_ERR_ARGUMENT_INVALID('login', 'basic authentication', 'a string without a colon', describe(login))
  }
  if (typeof password !== 'string') {
    throw new AIO_ERR_ARGUMENT_INVALID('password', 'basic authentication', 'a string', typeof password)
  }
  if (!['latin1', 'utf-8'].includes(encoding)) {
    throw new AIO_ERR_ARGUMENT_INVALID('encoding', 'basic authentication', 'latin1 or utf-8', describe(encoding))
  }
  const text = `${login}:${password}`
  if (encoding === 'latin1' && /[^\0-\xff]/.test(text)) {
    const expected = 'characters of latin1, or the encoding utf-8'
    throw new AIO_ERR_ARGUMENT_INVALID('login or password', 'basic authentication', expected, 'others')
  }
  return `Basic ${Buffer.from(text, encoding === 'latin1' ? 'latin1' : 'utf8').toString('base64')}`
}

/** A user and a password (aiohttp: BasicAuth). */
export class BasicAuth {
  readonly login: string
  readonly password: string
  readonly encoding: AuthEncoding

  /** @throws AIO_ERR_ARGUMENT_INVALID */
  constructor (login: string, password = '', encoding: AuthEncoding = 'latin1') {
    this.login = login
    this.password = password
    this.encoding = encoding
    this.encode()
  }

  /** Reads an Authorization header. @throws AIO_ERR_ARGUMENT_INVALID for another scheme, and what cannot be decoded */
  static decode (header: string, encoding: AuthEncoding = 'latin1'): BasicAuth {
    const [, encoded] = /^\s*basic +([a-z0-9+/]+={0,2})\s*$/i.exec(header) ?? []
    const text = Buffer.from(encoded ?? '', 'base64').toString(encoding === 'latin1' ? 'latin1' : 'utf8')
    const colon = text.indexOf(':')
    if (colon === -1) {
      const expected = '"Basic " and base64 with a colon inside'
      throw new AIO_ERR_ARGUMENT_INVALID('header', 'BasicAuth.decode()', expected, encoded === undefined ? 'another one' : 'none')
    }
    return new BasicAuth(text.slice(0, colon), text.slice(colon + 1), encoding)
  }

  /** What a URL says; `undefined` when it has no credentials. */
  static fromUrl ({ username, password }: RequestUrl, encoding: AuthEncoding = 'latin1'): BasicAuth | undefined {
    if (username === undefined && password === undefined) return undefined
    return new BasicAuth(username ?? '', password ?? '', encoding)
  }

  /** The value of an Authorization header. */
  encode (): string {
    return encodeBasicAuth(this.login, this.password, this.encoding)
  }
}
