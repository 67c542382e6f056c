/**
 * What is a host, and which ones an app answers for.
 *
 * @module
 */

// Letters, digits, "-", "_" and dots, or an IPv6 address in brackets; a port of five digits at most.
const pattern = /^(?:[\w.-]{1,255}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i

/** Whether the text is a host, with or without a port (RFC 9110, section 7.2); no other characters than hosts have. */
export function isHost (text: string): boolean {
  return pattern.test(text)
}

/** The host without its port. */
export function withoutPort (host: string): string {
  return host.replace(/:\d{1,5}$/, '')
}

/** Tells whether a host is one of the given ones, in any case; a port counts only where it is given. */
export function hostMatcher (allowed: readonly string[]): (host: string) => boolean {
  const exact = new Set(allowed.filter(host => !host.startsWith('*')).map(host => host.toLowerCase()))
  const suffixes = allowed.filter(host => host.startsWith('*.')).map(host => host.slice(1).toLowerCase())
  if (allowed.includes('*')) return isHost
  return host => {
    if (!isHost(host)) return false
    // The final dot of a complete name changes nothing.
    const name = host.toLowerCase().replace(/\.(?=:\d+$|$)/, '')
    return [name, withoutPort(name)].some(text => exact.has(text) || suffixes.some(suffix => text.endsWith(suffix)))
  }
}
