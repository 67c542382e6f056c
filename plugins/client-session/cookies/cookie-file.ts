/**
 * Cookies in a file, in the format aiohttp's `CookieJar.save()` writes: a program in Python can read them.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { StoredCookie } from './cookie-rules.ts'
import { AIO_ERR_COOKIE_FILE } from '../usage-errors.ts'

/** What stands in the file for each cookie. */
interface SavedCookie {
  key: string
  value: string
  coded_value: string
  path?: string
  domain?: string
  secure?: boolean
  httponly?: boolean
  samesite?: string
  host_only?: boolean
  /** In seconds since 1970. */
  expires_timestamp?: number
}

/** Replaces the file at once: a crash in between leaves the old one. */
export async function writeCookies (path: string, cookies: Iterable<StoredCookie>): Promise<void> {
  const saved: Record<string, Record<string, SavedCookie>> = {}
  for (const cookie of cookies) {
    const key = `${cookie.domain}|${cookie.path.replace(/\/+$/, '')}`
    const bucket = saved[key] ??= {}
    bucket[cookie.name] = savedCookie(cookie)
  }
  const draft = `${path}.${randomUUID()}`
  try {
    await writeFile(draft, JSON.stringify(saved, null, 2), { mode: 0o600 })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** The cookies of a file; entries that are none are left out. @throws AIO_ERR_COOKIE_FILE when the whole is none */
export async function readCookies (path: string): Promise<StoredCookie[]> {
  const text = await readFile(path, 'utf8')
  let saved: unknown
  try {
    saved = JSON.parse(text)
  } catch (cause) {
    throw Object.assign(new AIO_ERR_COOKIE_FILE(path, `it is no JSON (${String(cause)})`), { cause })
  }
  if (!isRecord(saved) || Array.isArray(saved)) throw new AIO_ERR_COOKIE_FILE(path, 'it holds no object')
  return Object.values(saved)
    .flatMap(bucket => isRecord(bucket) ? Object.values(bucket) : [])
    .flatMap(entry => storedCookie(entry) ?? [])
}

function savedCookie (cookie: StoredCookie): SavedCookie {
  const { name, value, codedValue, path, domain, secure, httpOnly, sameSite, hostOnly, deadline } = cookie
  return {
    key: name,
    value,
    coded_value: codedValue,
    path,
    ...(domain === '' ? {} : { domain }),
    ...(secure ? { secure } : {}),
    ...(httpOnly ? { httponly: true } : {}),
    ...(sameSite === '' ? {} : { samesite: sameSite }),
    ...(hostOnly ? { host_only: true } : {}),
    ...(deadline === Infinity ? {} : { expires_timestamp: deadline / 1000 })
  }
}

function storedCookie (entry: unknown): StoredCookie | undefined {
  if (!isRecord(entry)) return undefined
  const { key, value, coded_value: codedValue, path = '/', domain = '', samesite = '', expires_timestamp: seconds } = entry
  if (typeof key !== 'string' || typeof value !== 'string' || typeof codedValue !== 'string') return undefined
  if (typeof path !== 'string' || typeof domain !== 'string' || typeof samesite !== 'string') return undefined
  return {
    name: key,
    value,
    codedValue,
    path,
    domain,
    sameSite: samesite,
    secure: entry.secure === true,
    httpOnly: entry.httponly === true,
    hostOnly: entry.host_only === true,
    maxAge: '',
    expires: '',
    deadline: typeof seconds === 'number' ? seconds * 1000 : Infinity
  }
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
