/**
 * Secrets that sign and seal what a client keeps for us, and that can be changed while clients still have old values.
 *
 * The first key signs and seals, all of them are tried on what comes back. Each use has a purpose: what was made for
 * one is worthless for another, though the key is the same.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import createError from '@fastify/error'
import { check } from './options.ts'

/** A text or bytes that nobody can guess. */
export type Secret = string | Uint8Array

/** A secret that is too short, or none. Arguments: where, what came (never the secret itself). */
export const AIO_ERR_SECRET = createError<[string, string]>(
  'AIO_ERR_SECRET', 'Invalid secret for %s: expected at least 32 bytes nobody can guess, such as those of ' +
  '"openssl rand -base64 32", or a list of such, got %s', 500, TypeError)

const minLength = 32
const saltLength = 16
const nonceLength = 12
const tagLength = 16

/** For option checks; length and type are told by the error of whoever takes the secrets. */
export const secrets = check('a secret, or a list of them, the newest first', () => true)

/** Signs texts: everybody can read them, nobody can change them. */
export class Signer {
  readonly #keys: readonly Buffer[]

  /** @throws AIO_ERR_SECRET */
  constructor (keys: Secret | readonly Secret[], purpose: string, where: string) {
    this.#keys = secretBytes(keys, where).map(key => derive(key, '', `sign ${purpose}`))
  }

  /** The text, and its signature (HMAC-SHA-256) behind a dot. */
  sign (text: string): string {
    return `${text}.${signature(this.#keys[0], text)}`
  }

  /** The text, or `null` when the signature is not ours. */
  unsign (signed: string): string | null {
    const dot = signed.lastIndexOf('.')
    if (dot === -1) return null
    const text = signed.slice(0, dot)
    const given = Buffer.from(signed.slice(dot + 1))
    for (const key of this.#keys) {
      const expected = Buffer.from(signature(key, text))
      if (expected.length === given.length && timingSafeEqual(expected, given)) return text
    }
    return null
  }
}

/** Seals texts: nobody can read or change them (AES-256-GCM). */
export class Sealer {
  readonly #keys: readonly Buffer[]
  readonly #purpose: string

  /** @throws AIO_ERR_SECRET */
  constructor (keys: Secret | readonly Secret[], purpose: string, where: string) {
    this.#keys = secretBytes(keys, where)
    this.#purpose = purpose
  }

  seal (text: string): string {
    // A key of its own for each text: random nonces of one key would begin to repeat after some billions.
    const salt = randomBytes(saltLength)
    const nonce = randomBytes(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(this.#keys[0], salt), nonce)
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]).toString('base64url')
  }

  /** The text, or `null` when the seal is not ours. */
  unseal (sealed: string): string | null {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < saltLength + nonceLength + tagLength) return null
    const salt = bytes.subarray(0, saltLength)
    const nonce = bytes.subarray(saltLength, saltLength + nonceLength)
    const tag = bytes.subarray(saltLength + nonceLength, saltLength + nonceLength + tagLength)
    const text = bytes.subarray(saltLength + nonceLength + tagLength)
    for (const key of this.#keys) {
      const decipher = createDecipheriv('aes-256-gcm', this.#keyOf(key, salt), nonce, { authTagLength: tagLength })
      decipher.setAuthTag(tag)
      try {
        return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
      } catch {
        // The next key may fit.
      }
    }
    return null
  }

  #keyOf (key: Buffer | undefined, salt: Buffer): Buffer {
    return derive(key, salt, `seal ${this.#purpose}`)
  }
}

function signature (key: Buffer | undefined, text: string): string {
  return createHmac('sha256', key ?? '').update(text).digest('base64url')
}

function derive (key: Buffer | undefined, salt: Buffer | string, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key ?? '', salt, `fastify-aiohttp ${info}`, 32))
}

/** The keys as bytes. @throws AIO_ERR_SECRET */
export function secretBytes (keys: unknown, where: string): Buffer[] {
  const list: readonly unknown[] = Array.isArray(keys) ? keys : [keys]
  if (list.length === 0) throw new AIO_ERR_SECRET(where, 'an empty list')
  return list.map(key => {
    if (typeof key !== 'string' && !(key instanceof Uint8Array)) throw new AIO_ERR_SECRET(where, typeof key)
    const bytes = Buffer.from(key)
    if (bytes.length < minLength) throw new AIO_ERR_SECRET(where, `${bytes.length} bytes`)
    return bytes
  })
}
