/** A client that keeps cookies, and a store that tells what it was asked. */

import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { SessionStore } from '../../../plugins/sessions/index.ts'

export const key = 'a secret of the tests, which is long enough'
export const otherKey = 'another secret of the tests, long enough'

/** Sends back what it was given. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #app: FastifyInstance

  constructor (app: FastifyInstance) {
    this.#app = app
  }

  async get (url: string, options: InjectOptions = {}): Promise<LightMyRequestResponse> {
    return await this.send({ ...options, url })
  }

  async send (options: InjectOptions): Promise<LightMyRequestResponse> {
    const cookie = Array.from(this.cookies, ([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...options.headers, ...cookie === '' ? {} : { cookie } }
    const response = await this.#app.inject({ ...options, headers })
    for (const { name, value, maxAge, expires } of response.cookies) {
      const gone = maxAge === 0 || (expires !== undefined && expires.getTime() <= Date.now())
      if (gone) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response
  }
}

/** Three methods around a map, and `replace()`; `calls` has what was asked. */
export function memoryStore (): SessionStore & { calls: string[], entries: Map<string, string> } {
  const entries = new Map<string, string>()
  const calls: string[] = []
  return {
    calls,
    entries,
    async get (key) {
      calls.push(`get ${key}`)
      return entries.get(key)
    },
    async set (key, text) {
      calls.push(`set ${key}`)
      entries.set(key, text)
    },
    async replace (key, text) {
      calls.push(`replace ${key}`)
      if (!entries.has(key)) return false
      entries.set(key, text)
      return true
    },
    async destroy (key) {
      calls.push(`destroy ${key}`)
      entries.delete(key)
    }
  }
}
