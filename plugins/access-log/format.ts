/**
 * Formats of the access log: aiohttp's atoms, read once and turned into one function.
 *
 * @module
 */

import { createClock } from './clock.ts'
import { escapeText, type Entry } from './entry.ts'
import { AIO_ERR_ACCESS_LOG_FORMAT } from './errors.ts'

/** aiohttp's format. */
export const defaultFormat = '%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"'

/** One atom: what stands in the line, and under which name the value is among the fields. */
export interface Atom {
  readonly field: string
  /** The header, for those that are about one. */
  readonly header?: string
  text (entry: Entry): string
  value (entry: Entry): unknown
}

/** A format, ready to be used. */
export interface Format {
  readonly atoms: readonly Atom[]
  /** The line. */
  line (entry: Entry): string
}

const known = ['%%', '%a', '%t', '%P', '%r', '%s', '%b', '%T', '%Tf', '%D', '%{NAME}i', '%{NAME}o', '%{NAME}e']

/** @throws AIO_ERR_ACCESS_LOG_FORMAT with the position of what is no atom */
export function parseFormat (format: string): Format {
  const clock = createClock()
  const atoms: Atom[] = []
  const parts: (string | Atom)[] = []
  let end = 0
  for (const match of format.matchAll(/%(?:%|\{([\w-]+)\}([ioe])|([atPrsbD])|(Tf?)|.?)/gs)) {
    parts.push(format.slice(end, match.index))
    end = match.index + match[0].length
    const atom = match[0] === '%%' ? '%' : atomOf(match, clock)
    if (typeof atom !== 'string') atoms.push(atom)
    parts.push(atom)
  }
  parts.push(format.slice(end))
  return { atoms, line: compile(parts.filter(part => part !== '')) }
}

function compile (parts: readonly (string | Atom)[]): (entry: Entry) => string {
  const writers = parts.map(part => typeof part === 'string' ? () => part : part.text)
  return entry => {
    let line = ''
    for (const write of writers) line += write(entry)
    return line
  }
}

function atomOf (match: RegExpMatchArray, clock: (time: number) => string): Atom {
  const [all, name, kind, letter, seconds] = match
  if (name !== undefined && kind !== undefined) return named[kind as keyof typeof named](name)
  const atom = simple[letter ?? seconds ?? '']
  if (atom === undefined) throw new AIO_ERR_ACCESS_LOG_FORMAT(all, match.index ?? 0, known.join(' '))
  if (letter !== 't') return atom
  return { ...atom, text: entry => clock(entry.start), value: entry => clock(entry.start) }
}

/** An atom whose text is its value. */
function plain (field: string, value: (entry: Entry) => string | number): Atom {
  return { field, value, text: entry => String(value(entry)) }
}

/** The request line as it came; `UNKNOWN / HTTP/1.0` when there was none to read. */
function requestLine ({ method, url, version }: Entry): string {
  return `${method} ${escapeText(url)} HTTP/${version}`
}

const simple: Readonly<Record<string, Atom>> = {
  a: plain('remote_address', entry => entry.remote ?? '-'),
  t: plain('request_start_time', entry => entry.start),
  P: plain('process_id', () => `<${process.pid}>`),
  r: plain('first_request_line', requestLine),
  s: plain('response_status', entry => entry.status),
  b: plain('response_size', entry => entry.size ?? '-'),
  T: plain('request_time', entry => Math.round(entry.time / 1000)),
  Tf: plain('request_time_frac', entry => (entry.time / 1000).toFixed(6)),
  D: plain('request_time_micro', entry => Math.round(entry.time * 1000))
}

const named = {
  i (name: string): Atom {
    const key = name.toLowerCase()
    return header('request_header', name, entry => entry.requestHeaders[key])
  },
  o: (name: string): Atom => header('response_header', name, entry => entry.responseHeader(name)),
  e (name: string): Atom {
    // The environment does not change.
    const value = process.env[name] ?? '-'
    return { field: 'environment', header: name, text: () => value, value: () => value }
  }
}

function header (field: string, name: string, read: (entry: Entry) => number | string | string[] | undefined): Atom {
  const text = (entry: Entry) => {
    const value = read(entry)
    return value === undefined || value === '' ? '-' : escapeText(String(value))
  }
  return { field, header: name, text, value: text }
}
