/**
 * The Link header (RFC 8288): where the next page is.
 *
 * @module
 */

import type { RequestUrl } from '../url/request-url.ts'
import { parseUrl } from '../url/url.ts'

/** A link: its parameters, and under `url` where it leads. */
export interface Link {
  readonly url: RequestUrl
  readonly [parameter: string]: string | RequestUrl
}

const link = /<([^>]*)>((?:[^,"]|"(?:[^"\\]|\\.)*")*)/g
const parameter = /;\s*([!#$&+\-.^_`|~\w]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))/g

/** The links by their relation, or where they have none by what was written; what is no link is left out. */
export function parseLinks (headers: Iterable<string>, base: RequestUrl): Map<string, Link> {
  const links = new Map<string, Link>()
  for (const header of headers) {
    for (const [, target = '', parameters = ''] of header.matchAll(link)) {
      const found: Record<string, string> = {}
      for (const [, name = '', quoted, token = ''] of parameters.matchAll(parameter)) {
        found[name.toLowerCase()] ??= quoted?.replace(/\\(.)/g, '$1') ?? token
      }
      const url = resolve(base, target)
      if (url !== undefined) links.set(found.rel ?? target, { ...found, url })
    }
  }
  return links
}

/** A server's mistake in one link spoils neither the others nor the response. */
function resolve (base: RequestUrl, target: string): RequestUrl | undefined {
  try {
    return base.join(parseUrl(target))
  } catch {
    return undefined
  }
}
