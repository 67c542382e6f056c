/**
 * One request that a test expects, and how often.
 *
 * @module
 */

/** Which URLs are meant: a whole URL, its query in any order; or a pattern for the whole URL. */
export type UrlMatch = string | URL | RegExp

/** Members of a query, each with one value or several. */
export type QueryMatch = Readonly<Record<string, string | number | readonly (string | number)[]>>

/** Knows its request when it comes. */
export class Expectation<Reply> {
  readonly reply: Reply
  readonly #method: string
  readonly #url: RegExp | string
  readonly #times: number
  #used = 0

  /** @param times how often it may come; `Infinity` for any number */
  constructor (method: string, url: UrlMatch, query: QueryMatch, times: number, reply: Reply) {
    this.reply = reply
    this.#method = method.toUpperCase()
    this.#url = url instanceof RegExp ? url : canonical(String(url), query)
    this.#times = times
  }

  /** Whether a request is meant, used up or not. */
  matches (method: string, url: string): boolean {
    if (this.#method !== method.toUpperCase()) return false
    return this.#url instanceof RegExp ? this.#url.test(url) : this.#url === canonical(url, {})
  }

  get usedUp (): boolean {
    return this.#used >= this.#times
  }

  /** Whether it has come as often as it should; with `Infinity` once is enough. */
  get met (): boolean {
    return this.#times === Infinity ? this.#used > 0 : this.usedUp
  }

  use (): void {
    this.#used++
  }

  /** For messages: what is expected, and how much of it came. */
  toString (): string {
    const times = this.#times === Infinity ? 'any number' : String(this.#times)
    return `${this.#method} ${this.#url} (${this.#used} of ${times})`
  }
}

/** One spelling for URLs that mean the same: without fragment, the query in order. */
function canonical (text: string, query: QueryMatch): string {
  const url = new URL(text)
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) url.searchParams.append(name, String(value))
  }
  url.searchParams.sort()
  url.hash = ''
  return url.href
}
