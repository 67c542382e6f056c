/**
 * Options in the recording's words, as those of the client: other names, milliseconds for seconds.
 *
 * @module
 */

import { EncodedUrl, Fingerprint } from '../../../plugins/client-session/index.ts'
import { checkKeys, UnknownInCase, type Spec } from './case.ts'
import { isSpec, scalar } from './values.ts'

/** Turns one option into its name and value here. */
export type Translate = (value: unknown) => readonly [name: string, value: unknown]

/** Keeps the value. */
export function named (name: string): Translate {
  return value => [name, value]
}

/** Seconds, or `null`. */
export function seconds (name: string): Translate {
  return value => [name, inMilliseconds(value)]
}

/** Names with values, or pairs of them. */
export function pairs (name: string): Translate {
  return value => [name, scalar(value)]
}

/** Translates every option; unknown ones are errors. */
export function translate (what: string, spec: Spec, table: Readonly<Record<string, Translate>>): Spec {
  checkKeys(what, spec, Object.keys(table))
  return Object.fromEntries(Object.entries(spec).map(([key, value]) => table[key]!(value)))
}

/** A time that is a number becomes milliseconds. */
export function inMilliseconds (value: unknown): unknown {
  return typeof value === 'number' ? value * 1000 : value
}

/** `{ total, connect, sock_connect, sock_read }`, or a number. */
export function timeout (spec: unknown): readonly [string, unknown] {
  if (!isSpec(spec)) return ['timeout', inMilliseconds(spec)]
  return ['timeout', translate('limit', spec, {
    total: seconds('total'),
    connect: seconds('connect'),
    sock_connect: seconds('socketConnect'),
    sock_read: seconds('socketRead'),
    ceil_threshold: named('ceilThreshold')
  })]
}

/** `{ login, password, encoding }`, or `null`. */
export function auth (name: string): Translate {
  return spec => {
    if (!isSpec(spec)) return [name, spec]
    checkKeys('option of credentials', spec, ['login', 'password', 'encoding'])
    return [name, spec]
  }
}

/** A boolean, or `"callback"`: fails for 500 and above. */
export function raiseForStatus (spec: unknown): readonly [string, unknown] {
  if (typeof spec === 'boolean') return ['raiseForStatus', spec]
  if (spec !== 'callback') throw new UnknownInCase('raise_for_status', spec)
  return ['raiseForStatus', async ({ status }: { status: number }) => {
    if (status >= 500) throw new RangeError(`callback saw ${status}`)
  }]
}

/** A string, or an object for one that is not quoted again. */
export function url (spec: unknown): string | EncodedUrl {
  if (typeof spec === 'string') return spec
  if (!isSpec(spec) || typeof spec.url !== 'string') throw new UnknownInCase('url', spec)
  checkKeys('option of a URL', spec, ['url', 'encoded'])
  return spec.encoded === true ? new EncodedUrl(spec.url) : spec.url
}

/** TLS options; the same description gives the same object, which is part of the pool's key. */
export class Trust {
  readonly #ca: string
  readonly #caExpired: string
  readonly #known = new Map<string, unknown>()

  constructor ({ ca, caExpired }: { ca: string, caExpired: string }) {
    this.#ca = ca
    this.#caExpired = caExpired
  }

  /** What `ssl` is. */
  readonly translate: Translate = spec => {
    if (!isSpec(spec)) return ['ssl', spec]
    const key = JSON.stringify(spec)
    if (!this.#known.has(key)) this.#known.set(key, this.#make(spec))
    return ['ssl', this.#known.get(key)]
  }

  /** @throws for what is no SHA-256 in hex */
  fingerprint (hex: string): Fingerprint {
    return new Fingerprint(hex)
  }

  #make (spec: Spec): unknown {
    checkKeys('option of ssl', spec, ['ca', 'fingerprint'])
    if (spec.fingerprint !== undefined) return this.fingerprint(String(spec.fingerprint))
    if (spec.ca !== true && spec.ca !== 'expired') throw new UnknownInCase('ssl', spec)
    return { ca: spec.ca === 'expired' ? this.#caExpired : this.#ca }
  }
}
