/**
 * Paths and queries, decoded and encoded as aiohttp (its URL library, yarl) does.
 *
 * An encoded slash never separates segments, and what is not valid percent-encoded UTF-8 stays as it is.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'

/** The path of a request target: without origin, query and fragment, still encoded. */
export function pathOf (target: string): string {
  const start = target.startsWith('/') ? 0 : originLength(target)
  const end = target.slice(start).search(/[?#]/)
  const path = end === -1 ? target.slice(start) : target.slice(start, start + end)
  return path === '' ? '/' : path
}

/** `http://host` of an absolute target (RFC 9112, section 3.2.2). */
function originLength (target: string): number {
  return /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i.exec(target)?.[0].length ?? 0
}

/** Decodes a path for matching: everything but `%2F` and `%25`, which stay. */
export function decodePath (path: string): string {
  if (!path.includes('%')) return path
  return path.replace(/(?:%[\da-f]{2})+/gi, run => mapEscapes(run, (char, escape) =>
    char === '/' || char === '%' ? escape.toUpperCase() : char ?? escape))
}

/** Decodes what `decodePath()` left in the value of a variable. */
export function decodeValue (value: string): string {
  return value.includes('%') ? value.replaceAll('%2F', '/').replaceAll('%25', '%') : value
}

// What stands for itself in a path, which is nearly all that is ever written there.
const plainPath = /^[\w!$&'()*+,\-./:;=@~]*$/

/** Encodes text for a path; slashes stay. */
export function quotePath (text: string): string {
  if (plainPath.test(text)) return text
  return encodeURI(text).replace(/[?#]/g, encodeURIComponent)
}

/** Encodes text for one name or value of a query; a space becomes a plus. */
export function quoteQuery (text: string): string {
  return encodeURIComponent(text).replace(/%(?:20|24|2C|3F|2F|3A|40)/g,
    escape => escape === '%20' ? '+' : decodeURIComponent(escape))
}

/**
 * For `Fastify({ rewriteUrl })`: lets a path that is no valid percent-encoded UTF-8 through, as aiohttp does,
 * where Fastify answers 400 by itself. A plugin cannot set this option.
 */
export function rewriteUrl (request: IncomingMessage): string {
  const { url = '/' } = request
  if (!url.includes('%')) return url
  const [path, rest] = [url.slice(0, url.length - tailLength(url)), url.slice(url.length - tailLength(url))]
  return path.replace(/(?:%[\da-f]{2})+|%/gi, run => run === '%'
    ? '%25'
    : mapEscapes(run, (char, escape) => char === undefined ? `%25${escape.slice(1)}` : escape)) + rest
}

function tailLength (url: string): number {
  const start = url.search(/[?#]/)
  return start === -1 ? 0 : url.length - start
}

/** Walks the escapes of one run, character by character; an invalid byte has no character. */
function mapEscapes (run: string, map: (char: string | undefined, escape: string) => string): string {
  let text = ''
  for (let at = 0; at < run.length;) {
    const size = 3 * sequenceLength(Number.parseInt(run.slice(at + 1, at + 3), 16))
    const char = decode(run.slice(at, at + size))
    const escape = run.slice(at, at + (char === undefined ? 3 : size))
    text += map(char, escape)
    at += escape.length
  }
  return text
}

/** How many bytes a UTF-8 sequence has, by its first; 0 when none begins so. */
function sequenceLength (byte: number): number {
  if (byte < 0x80) return 1
  if (byte < 0xc2 || byte > 0xf4) return 0
  if (byte < 0xe0) return 2
  return byte < 0xf0 ? 3 : 4
}

function decode (escape: string): string | undefined {
  if (escape === '') return undefined
  try {
    return decodeURIComponent(escape)
  } catch {
    return undefined
  }
}
