/**
 * Tokens: the secret of a client under a mask that is another one each time.
 *
 * A page that is compressed together with a secret that never changes gives it away bit by bit (BREACH).
 *
 * @module
 */

import { randomBytes, timingSafeEqual } from 'node:crypto'

const secretLength = 24
const tokens = /^[\w-]{64}$/
const secretTexts = /^[\w-]{32}$/

/** A secret nobody can guess. */
export function newSecret (): string {
  return randomBytes(secretLength).toString('base64url')
}

/** What may be a secret: it comes from a session or a cookie. */
export function isSecret (value: unknown): value is string {
  return typeof value === 'string' && secretTexts.test(value)
}

/** A token of a secret. */
export function maskSecret (secret: string): string {
  const mask = randomBytes(secretLength)
  return Buffer.concat([mask, xor(mask, Buffer.from(secret, 'base64url'))]).toString('base64url')
}

/** Whether a token was made of a secret; takes as long whatever the answer. */
export function isTokenOf (secret: string, token: unknown): boolean {
  if (typeof token !== 'string' || !tokens.test(token)) return false
  const bytes = Buffer.from(token, 'base64url')
  const unmasked = xor(bytes.subarray(0, secretLength), bytes.subarray(secretLength))
  return timingSafeEqual(unmasked, Buffer.from(secret, 'base64url'))
}

function xor (left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)))
}
