/**
 * What the parts of the client hand to each other.
 *
 * @module
 */

import type { CookiesInit } from './cookies/cookie-jar.ts'
import type { RequestUrl } from './url/request-url.ts'

/** A body that is ready to be sent. */
export interface Payload {
  /** All of it, or its pieces in order; `null` for none. */
  readonly body: Buffer | AsyncIterable<Buffer> | null
  /** In bytes, `null` when nobody knows before the end. */
  readonly length: number | null
  /** What it says about itself: Content-Type, Content-Encoding. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Whether `body` can be read from its beginning once more. */
  readonly replayable: boolean
  /** Gives back what it holds, such as a file. */
  close (): Promise<void>
}

/** Where the bytes of a response's body come from. */
export interface BodySource {
  /** The next bytes, `null` at the end. */
  next (): Promise<Buffer | null>
  /** What is there already: the next bytes, `null` at the end, `undefined` when one has to wait. */
  poll (): Buffer | null | undefined
  /** Whether nothing is left, as far as that is known without reading. */
  readonly ended: boolean
  /** Bytes taken off the wire, before they were decoded. */
  readonly rawBytes: number
  /** Whether the bytes last given were the end of an HTTP chunk (RFC 9112, section 7.1). */
  readonly chunkEnded: boolean
  /** Gives up; the rest is not wanted. */
  stop (): void
}

/** Where a session keeps cookies. */
export interface CookieStore {
  /** How many there are. */
  readonly size: number
  /** Adds cookies; without a URL they go everywhere. */
  updateCookies (cookies: CookiesInit, url?: RequestUrl | string): void
  /** Adds what a server sent. */
  updateCookiesFromHeaders (setCookies: readonly string[], url: RequestUrl | string): void
  /** The value of a Cookie header: `extra` goes before the jar's own, and these before `header`; empty for none. */
  cookieHeader (url: RequestUrl | string, extra?: CookiesInit, header?: string): string
}
