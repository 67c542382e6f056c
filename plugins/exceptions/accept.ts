/**
 * Which of several media types a client asks for (RFC 9110, section 12.5.1).
 *
 * @module
 */

interface Range {
  readonly type: string
  readonly quality: number
}

/**
 * The offered type with the highest quality. Among equals the one the client named first wins, then
 * the one offered first; so a bare wildcard gives the first offer. Without a match: the first offer.
 */
export function negotiate (accept: string | undefined, offers: readonly string[]): string {
  const fallback = offers[0] ?? ''
  if (accept === undefined || accept.trim() === '' || accept.trim() === '*/*') return fallback
  const ranges = accept.split(',').map(parseRange).filter(({ type }) => type !== '')
  let best = { offer: fallback, quality: 0, place: Infinity }
  for (const offer of offers) {
    const place = mostSpecific(ranges, offer)
    const quality = ranges[place]?.quality ?? 0
    const named = ranges[place]?.type === offer ? place : Infinity
    if (quality > best.quality || (quality === best.quality && quality > 0 && named < best.place)) {
      best = { offer, quality, place: named }
    }
  }
  return best.offer
}

/** Where the range is that speaks about a type most precisely; -1 when none does. */
function mostSpecific (ranges: readonly Range[], offer: string): number {
  for (const wanted of [offer, `${offer.slice(0, offer.indexOf('/'))}/*`, '*/*']) {
    const place = ranges.findIndex(({ type }) => type === wanted)
    if (place !== -1) return place
  }
  return -1
}

function parseRange (item: string): Range {
  const [type = '', ...parameters] = item.split(';').map(part => part.trim().toLowerCase())
  const quality = parameters.find(parameter => parameter.startsWith('q='))
  const value = quality === undefined ? 1 : Number.parseFloat(quality.slice(2))
  return { type, quality: Number.isNaN(value) ? 0 : Math.min(Math.max(value, 0), 1) }
}
