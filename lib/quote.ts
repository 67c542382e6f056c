/**
 * Percent-encoding of the parts of a URL, as aiohttp's `yarl` writes them.
 *
 * What is encoded already stays encoded once: only what needs no encoding is decoded, hexadecimal digits become upper
 * case, and a stray `%` becomes `%25`. Nothing that comes out could split a header.
 *
 * @module
 */

import { domainToASCII } from 'node:url'

/** The parts that are encoded in different ways. */
export type URLPart = 'path' | 'query' | 'fragment'

interface Rules {
  /** What stands for itself, with and without encoding. */
  readonly safe: RegExp
  /** What stands for itself, but means something else encoded: an encoded one stays so. */
  readonly keep: RegExp
  /** Nothing but what stands for itself. */
  readonly plain: RegExp
}

const rules: Readonly<Record<URLPart, Rules>> = {
  path: rulesOf("!$&'()*+,\\-./0-9:;=@A-Z_a-z~", /[/+]/),
  query: rulesOf("!$&'()*+,\\-./0-9:;=?@A-Z_a-z~", /[=+&;]/),
  fragment: rulesOf("!$&'()*+,\\-./0-9:;=?@A-Z_a-z~", /(?!)/)
}

function rulesOf (safe: string, keep: RegExp): Rules {
  return { safe: new RegExp(`[${safe}]`), keep, plain: new RegExp(`^[${safe}]*$`) }
}

/** Encodes text that may hold encoded characters already; a blank of a query becomes `+`. */
export function requote (text: string, part: URLPart): string {
  const { safe, keep, plain } = rules[part]
  if (plain.test(text)) return text
  return text.replace(/%([0-9a-f]{2})|[^]/giu, (whole, hex?: string) => {
    if (hex !== undefined) {
      const character = String.fromCharCode(Number.parseInt(hex, 16))
      return safe.test(character) && !keep.test(character) ? character : whole.toUpperCase()
    }
    return quoteCharacter(whole, safe, part)
  })
}

/** A whole URL or a reference of any kind: each part in its own way, line breaks dropped, a host in ASCII. */
export function requoteURL (url: string): string {
  const text = url.replace(/^[\0-\x20]+|[\t\r\n]/g, '')
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] =
    /^([a-z][a-z0-9+.-]*:(?=\/\/))?(\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?$/is.exec(text) ?? []
  const parts = [scheme.toLowerCase(), encodeAuthority(authority), requote(path, 'path')]
  if (query !== '') parts.push('?', requote(query.slice(1), 'query'))
  if (fragment !== '') parts.push('#', requote(fragment.slice(1), 'fragment'))
  return parts.join('')
}

function quoteCharacter (character: string, safe: RegExp, part: URLPart): string {
  if (character === ' ' && part === 'query') return '+'
  if (safe.test(character)) return character
  // Half a surrogate pair cannot be encoded.
  return /\p{Cs}/u.test(character) ? '%EF%BF%BD' : encodeURIComponent(character)
}

/** User, host and port; a host that is no domain name is sent encoded, as it stands. */
function encodeAuthority (authority: string): string {
  const [, user = '', host = '', port = ''] = /^(\/\/(?:.*@)?)(\[.*\]|[^:]*)(.*)$/s.exec(authority) ?? []
  const ascii = host.startsWith('[') ? encodeURI(host).replace(/%5B|%5D/g, decodeURIComponent) : domainToASCII(host)
  return requote(user, 'path') + (ascii === '' ? requote(host, 'path') : ascii) + requote(port, 'path')
}
