/**
 * The form of a recorded case, and how a file of them is read.
 *
 * @module
 */

import { readFileSync } from 'node:fs'

/** An object of a case whose members are looked at by whoever knows them. */
export type Spec = Readonly<Record<string, unknown>>

/** One recorded case. */
export interface Case {
  readonly name: string
  readonly section: string
  /** `exact`: as recorded. `adapt`: in the way natural to the language. `python-only`: for information. */
  readonly port: 'exact' | 'adapt' | 'python-only'
  readonly note?: string
  /** A feature of the runtime without which the case is skipped. */
  readonly requires?: string
  /** What the server does. */
  readonly server?: Spec
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, unknown>>
  readonly call: Call
  readonly seen?: readonly Spec[]
  readonly seen_count?: Spec
  readonly events?: readonly (readonly unknown[])[]
  readonly max_active?: number
  readonly results: readonly unknown[]
}

/** What the client is to do. */
export interface Call {
  readonly session?: Spec
  readonly sessions?: Readonly<Record<string, Spec | null>>
  readonly connectors?: Readonly<Record<string, Spec>>
  readonly hosts?: Readonly<Record<string, string>>
  readonly steps: readonly Spec[]
}

/** A step, option or value the interpreter does not know: never ignored. */
export class UnknownInCase extends Error {
  constructor (what: string, value: unknown) {
    super(`Unknown ${what}: ${JSON.stringify(value)}`)
    this.name = 'UnknownInCase'
  }
}

/** Throws unless all members of a spec are known. */
export function checkKeys (what: string, spec: Spec, known: readonly string[]): void {
  const strange = Object.keys(spec).find(key => !known.includes(key))
  if (strange !== undefined) throw new UnknownInCase(`${what} "${strange}"`, spec[strange])
}

/** Reads a file of cases; whole numbers that JavaScript would round become `{ bigint }`. */
export function readCases (file: string | URL): Case[] {
  const text = readFileSync(file, 'utf8')
    .replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, found => found.startsWith('"') ? found : `{"bigint":"${found}"}`)
  const cases: unknown = JSON.parse(text)
  if (!Array.isArray(cases)) throw new TypeError(`Invalid file of cases ${file}: expected a list`)
  return cases
}
