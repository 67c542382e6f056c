/**
 * Values that JSON lacks, in both directions: bytes, NaN, large numbers; what is long as its digest.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { UnknownInCase, type Spec } from './case.ts'

/** Bodies and texts above this size are compared by their digest. */
const longest = 2048

/** The bytes of a string or of an object that stands for bytes. */
export function bytesOf (spec: unknown): Buffer {
  if (typeof spec === 'string') return Buffer.from(spec)
  if (isSpec(spec)) {
    if (typeof spec.bytes === 'string') return Buffer.from(spec.bytes)
    if (typeof spec.b64 === 'string') return Buffer.from(spec.b64, 'base64')
    if (typeof spec.text === 'string') return encode(spec.text, String(spec.charset ?? 'utf-8'))
    if (typeof spec.repeat === 'string') return Buffer.from(spec.repeat.repeat(Number(spec.times)))
  }
  throw new UnknownInCase('bytes', spec)
}

/** Whether something is an object with members. */
export function isSpec (value: unknown): value is Spec {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value with `{ bytes }`, `{ b64 }`, `{ float }` and `{ bigint }` replaced, however deep. */
export function scalar (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scalar)
  if (!isSpec(value)) return value
  if ('bytes' in value || 'b64' in value) return bytesOf(value)
  if ('float' in value) return Number(String(value.float).replace(/^(-?)inf(inity)?$/i, '$1Infinity'))
  if ('bigint' in value) return BigInt(String(value.bigint))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scalar(item)]))
}

/** Bytes as text where they are UTF-8, else in base64; long ones as size and digest. */
export function showBytes (bytes: Uint8Array): Spec {
  if (bytes.length > longest) return { size: bytes.length, sha256: sha256(bytes) }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { b64: Buffer.from(bytes).toString('base64') }
  }
}

/** A text, or length in code points and digest of a long one. */
export function showText (text: string): unknown {
  const { length } = [...text]
  return length > longest ? { length, sha256: sha256(Buffer.from(text)) } : text
}

function sha256 (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Node decodes many charsets and encodes few: those of one byte are turned around. */
function encode (text: string, charset: string): Buffer {
  const { encoding } = new TextDecoder(charset)
  if (encoding === 'utf-8') return Buffer.from(text)
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le')
  const all = new TextDecoder(charset).decode(Uint8Array.from({ length: 256 }, (_, byte) => byte))
  return Buffer.from([...text].map(character => all.indexOf(character)))
}
