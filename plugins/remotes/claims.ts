/**
 * What proxies wrote into the head of a request: for whom they asked, by which scheme, at which host.
 *
 * Nothing here is believed yet. Each list is in the order of the header: the nearest proxy wrote the last one.
 *
 * @module
 */

import { isIP } from 'node:net'
import { isHost } from './host.ts'

/** The lists; `null` stands for what cannot be read. */
export interface Claims {
  readonly addresses: readonly (string | null)[]
  readonly schemes: readonly (string | null)[]
  readonly hosts: readonly (string | null)[]
  /** Why the headers are not fit for strict mode. */
  readonly problem: string | null
}

/** The values of all lines of a header. */
export type HeaderLines = (name: string) => readonly string[]

/** From `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`. */
export function readXForwarded (lines: HeaderLines): Claims {
  const forLines = lines('x-forwarded-for')
  const protoLines = lines('x-forwarded-proto')
  const hostLines = lines('x-forwarded-host')
  const addresses = split(forLines).map(toAddress)
  const schemes = split(protoLines).map(toScheme)
  const hosts = split(hostLines).map(toHost)
  const repeated = [forLines, protoLines, hostLines].some(({ length }) => length > 1)
  const unreadable = [addresses, schemes, hosts].some(values => values.includes(null))
  // The first proxy alone, or each of them, says by which scheme and at which host.
  const uneven = [schemes, hosts].some(({ length }) => length > 1 && length !== addresses.length)
  return { addresses, schemes, hosts, problem: problemOf('X-Forwarded', { repeated, unreadable, uneven }) }
}

/** From `Forwarded`. One malformed character may have moved all others: then nothing of it counts. */
export function readForwarded (lines: HeaderLines): Claims {
  const values = lines('forwarded')
  const elements = parseForwarded(values.join(','))
  if (elements === null) return { addresses: [], schemes: [], hosts: [], problem: 'forwarded cannot be read' }
  const addresses = elements.map(element => toAddress(element.get('for') ?? ''))
  const schemes = elements.map(element => toScheme(element.get('proto') ?? ''))
  const hosts = elements.map(element => toHost(element.get('host') ?? ''))
  const unreadable = elements.some((element, index) => addresses[index] === null ||
    (element.has('proto') && schemes[index] === null) || (element.has('host') && hosts[index] === null))
  const repeated = values.length > 1
  return { addresses, schemes, hosts, problem: problemOf('Forwarded', { repeated, unreadable, uneven: false }) }
}

function problemOf (
  header: string, { repeated, unreadable, uneven }: { repeated: boolean, unreadable: boolean, uneven: boolean }
): string | null {
  if (repeated) return `a header ${header} is there more than once`
  if (unreadable) return `the header ${header} cannot be read`
  return uneven ? `the headers ${header} have different numbers of values` : null
}

const pair = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")[ \t]*([;,]|$)/y

/** The elements with their pairs (RFC 7239, section 4), `null` for whatever does not follow its grammar. */
function parseForwarded (text: string): ReadonlyMap<string, string>[] | null {
  const pattern = new RegExp(pair)
  const elements: Map<string, string>[] = []
  let element: Map<string, string> | null = null
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (match === null) return null
    const [, name = '', token, quoted = '', separator] = match
    if (element === null) elements.push(element = new Map())
    const key = name.toLowerCase()
    // A name may occur once in an element.
    if (element.has(key)) return null
    element.set(key, token ?? quoted.replace(/\\(.)/g, '$1'))
    if (separator === ',') element = null
    if (separator !== '' && pattern.lastIndex === text.length) return null
  }
  return elements
}

/** An empty line has no values; an empty place between commas is one that cannot be read. */
function split (values: readonly string[]): string[] {
  const text = values.join(',')
  return text.trim() === '' ? [] : text.split(',').map(value => value.trim())
}

/** The address of a node, whose port does not matter; `null` for `unknown`, names of its own, and nonsense. */
function toAddress (node: string): string | null {
  const bare = /^\[([\da-f:.]+)\](?::\w+)?$/i.exec(node)?.[1] ?? /^([\d.]+):\w+$/.exec(node)?.[1] ?? node
  return isIP(bare) === 0 || bare.includes('%') ? null : bare
}

/** `ws` is what some proxies write for a handshake, which is a request of HTTP. */
const schemeNames = new Map([['http', 'http'], ['https', 'https'], ['ws', 'http'], ['wss', 'https']])

function toScheme (text: string): string | null {
  return schemeNames.get(text.toLowerCase()) ?? null
}

function toHost (text: string): string | null {
  return isHost(text) ? text : null
}
