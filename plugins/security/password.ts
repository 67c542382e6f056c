/**
 * Passwords as hashes, by scrypt (RFC 7914) in the PHC string format: parameters and salt stand in the text.
 *
 * @module
 */

import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'
import { describe } from '../../lib/options.ts'
import { AIO_ERR_PASSWORD } from './errors.ts'

/** 32 MB and some tens of milliseconds, in a thread of the pool: as OWASP advises. */
const cost = { ln: 15, r: 8, p: 3 }
const saltLength = 16
const hashLength = 32
/** Bytes; nobody types more, and work is not given away to whoever asks. */
const maxLength = 1024
const format = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]{22,86})\$([\w+/]{43,86})$/

/** What is compared where there is no hash. */
const nobody = { ...cost, salt: Buffer.alloc(saltLength), expected: Buffer.alloc(hashLength) }

/** The hash of a password, to be stored; another one each time. @throws AIO_ERR_PASSWORD */
export async function hashPassword (password: string): Promise<string> {
  if (!isPassword(password)) throw new AIO_ERR_PASSWORD(`a string of 1 to ${maxLength} bytes`, kindOf(password))
  const salt = randomBytes(saltLength)
  const hash = await derive(password, salt, hashLength, cost)
  const { ln, p, r } = cost
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(hash)}`
}

/**
 * Whether a password is the one of a hash. For a user that does not exist give `undefined`: it takes as long, so that
 * nobody learns who exists.
 */
export async function verifyPassword (password: string, hash: string | null | undefined): Promise<boolean> {
  const stored = parse(hash)
  if (!isPassword(password)) return false
  const { expected, salt, ...given } = stored ?? nobody
  const actual = await derive(password, salt, expected.length, given)
  return timingSafeEqual(actual, expected) && stored !== null
}

/** Whether a hash was made with less than is usual now: hash the password again when its owner logs in. */
export function needsRehash (hash: string): boolean {
  const stored = parse(hash)
  return stored === null || stored.ln < cost.ln || stored.r < cost.r || stored.p < cost.p
}

function parse (hash: string | null | undefined) {
  const match = format.exec(hash ?? '')
  if (match === null) return null
  const [ln = 0, r = 0, p = 0] = match.slice(1, 4).map(Number)
  // What stands in a database is not to take all memory there is.
  if (ln < 1 || ln > 20 || r < 1 || p < 1 || 128 * r * 2 ** ln > 2 ** 28) return null
  const [salt = '', expected = ''] = match.slice(4)
  return { ln, r, p, salt: Buffer.from(salt, 'base64'), expected: Buffer.from(expected, 'base64') }
}

function derive (password: string, salt: Buffer, length: number, { ln, p, r }: typeof cost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: 256 * r * 2 ** ln }
  return new Promise((resolve, reject) => {
    // One password may be typed in several ways of Unicode.
    scrypt(password.normalize('NFKC'), salt, length, options, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

function isPassword (password: unknown): password is string {
  return typeof password === 'string' && password !== '' && Buffer.byteLength(password) <= maxLength
}

/** Never the password itself. */
function kindOf (password: unknown): string {
  return typeof password === 'string' ? `one of ${Buffer.byteLength(password)} bytes` : describe(typeof password)
}

function base64 (bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
