/**
 * The request target (RFC 9112, section 3.2): its path and query, and the URL they belong to.
 *
 * @module
 */

/** A target, taken apart; nothing in it is decoded. */
export interface Target {
  /** `http` or `https`, of an absolute target only. */
  readonly scheme: string | null
  /** The host of an absolute target, without its port (aiohttp: `request.host`). */
  readonly host: string | null
  /** The same with its port. */
  readonly authority: string | null
  readonly path: string
  readonly query: string
  /** Path and query, and a fragment if one was sent. */
  readonly relative: string
}

const absolute = /^(https?):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(:\d+)?/i

/** Takes a target apart. */
export function parseTarget (target: string): Target {
  const match = absolute.exec(target)
  const rest = match === null ? target : target.slice(match[0].length)
  const relative = match !== null && !rest.startsWith('/') ? `/${rest}` : rest
  const fragment = relative.indexOf('#')
  const withoutFragment = fragment === -1 ? relative : relative.slice(0, fragment)
  const mark = withoutFragment.indexOf('?')
  return {
    scheme: match?.[1]?.toLowerCase() ?? null,
    host: match?.[2]?.toLowerCase() ?? null,
    authority: match === null ? null : `${match[2]?.toLowerCase() ?? ''}${match[3] ?? ''}`,
    path: mark === -1 ? withoutFragment : withoutFragment.slice(0, mark),
    query: mark === -1 ? '' : withoutFragment.slice(mark + 1),
    relative
  }
}

/** A URL as text; the port is left out where it is the usual one. */
export function absoluteUrl (scheme: string, authority: string, relative: string): string {
  const usual = scheme === 'https' ? ':443' : ':80'
  const host = authority.endsWith(usual) ? authority.slice(0, -usual.length) : authority
  return `${scheme}://${host}${relative}`
}
