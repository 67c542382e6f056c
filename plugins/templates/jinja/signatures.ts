/**
 * Which names the arguments of Jinja2's filters and tests have: keywords become positions.
 *
 * @module
 */

const signatures: Readonly<Record<string, readonly string[]>> = {
  batch: ['linecount', 'fill_with'],
  center: ['width'],
  d: ['default_value', 'boolean'],
  default: ['default_value', 'boolean'],
  dictsort: ['case_sensitive', 'by', 'reverse'],
  filesizeformat: ['binary'],
  float: ['default'],
  groupby: ['attribute', 'default'],
  indent: ['width', 'first', 'blank'],
  int: ['default', 'base'],
  join: ['d', 'attribute'],
  map: ['attribute', 'default'],
  max: ['case_sensitive', 'attribute'],
  min: ['case_sensitive', 'attribute'],
  replace: ['old', 'new', 'count'],
  round: ['precision', 'method'],
  slice: ['slices', 'fill_with'],
  sort: ['reverse', 'case_sensitive', 'attribute'],
  sum: ['attribute', 'start'],
  tojson: ['indent'],
  trim: ['chars'],
  truncate: ['length', 'killwords', 'end', 'leeway'],
  unique: ['case_sensitive', 'attribute'],
  urlize: ['trim_url_limit', 'nofollow', 'target', 'rel'],
  wordwrap: ['width', 'break_long_words', 'wrapstring'],
  xmlattr: ['autospace']
}

/** Filters that tell keywords from positions themselves. */
const own = new Set(['map', 'format'])

/** The arguments behind a value, with keywords in their places; those of other functions stay a last object. */
export function positional (name: string, values: unknown[]): unknown[] {
  const names = signatures[name]
  const last = values.at(-1)
  if (names === undefined || own.has(name) || !isKeywords(last)) return values
  const placed = values.slice(0, -1)
  for (const [keyword, value] of Object.entries(last)) {
    const index = names.indexOf(keyword)
    if (index < 0) throw new TypeError(`the filter "${name}" has no argument "${keyword}": it has ${names.join(', ')}`)
    placed[index + 1] = value
  }
  return placed
}

/** Whether a value holds the keywords of a call. */
export function isKeywords (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, '__keywords')
}
