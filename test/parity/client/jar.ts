/**
 * Steps on a cookie jar.
 *
 * @module
 */

import type { Cookie, CookieJar } from '../../../plugins/client-session/index.ts'
import { UnknownInCase, type Spec } from './case.ts'
import type { Files } from './files.ts'
import { isSpec, scalar } from './values.ts'

type JarStep = (jar: CookieJar, step: Spec, files: Files) => unknown

const jarSteps: Readonly<Record<string, JarStep>> = {
  update: (jar, { cookies, url }) => done(jar.updateCookies(scalar(cookies) as Record<string, string>, urlOf(url))),
  set_cookie: (jar, { headers, url }) => done(jar.updateCookiesFromHeaders(headers as string[], String(url))),
  filter (jar, { url }) {
    const found = [...jar.filterCookies(String(url ?? '')).values()]
    return {
      cookies: found.map(({ name, value }) => [name, value]),
      header: jar.cookieHeader(String(url ?? ''))
    }
  },
  list: jar => showCookies(jar).sort(byPlace),
  len: jar => jar.size,
  clear: (jar, { names }) => done(Array.isArray(names) ? jar.clear(({ name }) => names.includes(name)) : jar.clear()),
  clear_domain: (jar, { domain }) => done(jar.clearDomain(String(domain))),
  async save (jar, { file }, files) {
    await jar.save(files.path(String(file)))
    return { content: relative(files.json(String(file))), mode: files.mode(String(file)) }
  },
  load: async (jar, { file }, files) => done(await jar.load(files.path(String(file)))),
  host_only: jar => [...jar.hostOnlyCookies].map(each => [...each]).sort()
}

/** Members of each step on a jar. */
export const jarKeys = ['jar', 'session', 'cookies', 'url', 'headers', 'names', 'domain', 'file']

/** Does one step on a jar. */
export function jarStep (name: string, jar: CookieJar, step: Spec, files: Files): unknown {
  const run = jarSteps[name]
  if (run === undefined) throw new UnknownInCase('step', `jar.${name}`)
  return run(jar, step, files)
}

/** Cookies with the attributes that say something, by their names on the wire. */
export function showCookies (cookies: Iterable<Cookie>): Spec[] {
  return [...cookies].map(cookie => {
    const { name, value, codedValue, path, domain, secure, httpOnly, sameSite, maxAge, expires } = cookie
    const shown = {
      coded_value: codedValue === value ? '' : codedValue,
      path,
      domain,
      secure,
      httponly: httpOnly,
      samesite: sameSite,
      'max-age': maxAge,
      expires
    }
    return { name, value, ...Object.fromEntries(Object.entries(shown).filter(([, each]) => each)) }
  })
}

function byPlace (one: Spec, other: Spec): number {
  const key = ({ name, domain = '', path = '' }: Spec) => `${name}\0${domain}\0${path}`
  return key(one) < key(other) ? -1 : 1
}

function urlOf (url: unknown): string | undefined {
  return url === undefined ? undefined : String(url)
}

function done (_result: unknown): null {
  return null
}

/** Deadlines in a saved jar, as distance from now. */
function relative (saved: unknown): unknown {
  if (Array.isArray(saved)) return saved.map(relative)
  if (!isSpec(saved)) return saved
  return Object.fromEntries(Object.entries(saved).map(([key, value]) => {
    if (key !== 'expires_timestamp') return [key, relative(value)]
    const left = Math.round(Number(value) - Date.now() / 1000)
    return [key, Math.abs(left) < 1e6 ? `<now${left < 0 ? '' : '+'}${left}>` : value]
  }))
}
