/**
 * Credentials from a netrc file, as curl and Python read it: `machine HOST login USER password WORD`.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'

/** What the file says about a host. */
export interface NetrcEntry {
  readonly login: string
  readonly password: string
}

/** The file of `$NETRC`, else of the home folder. A missing or broken one says nothing. */
export async function netrcAuth (host: string): Promise<NetrcEntry | undefined> {
  const file = process.env.NETRC ?? path.join(homedir(), process.platform === 'win32' ? '_netrc' : '.netrc')
  let text
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return undefined
  }
  const entries = parseNetrc(text)
  return entries?.get(host) ?? entries?.get('')
}

/** Entries by host, the default one under the empty name; `undefined` when the file is broken. */
export function parseNetrc (text: string): Map<string, NetrcEntry> | undefined {
  const entries = new Map<string, NetrcEntry>()
  const tokens = tokensOf(text)
  for (let index = 0; index < tokens.length;) {
    const keyword = tokens[index++]
    if (keyword !== 'machine' && keyword !== 'default') return undefined
    const host = keyword === 'default' ? '' : tokens[index++]
    if (host === undefined) return undefined
    const fields: { login?: string, account?: string, password?: string } = {}
    while (index < tokens.length && tokens[index] !== 'machine' && tokens[index] !== 'default') {
      const name = tokens[index++]
      const value = tokens[index++]
      if (value === undefined) return undefined
      if (name === 'login' || name === 'user') fields.login = value
      else if (name === 'account' || name === 'password') fields[name] = value
      else return undefined
    }
    entries.set(host, { login: fields.login ?? fields.account ?? '', password: fields.password ?? '' })
  }
  return entries
}

const valued = new Set(['machine', 'login', 'user', 'account', 'password'])

/** Words, some in quotes; comments and macros, which end with an empty line, are left out. */
function tokensOf (text: string): string[] {
  const tokens: string[] = []
  let inMacro = false
  for (const line of text.split('\n')) {
    inMacro &&= line.trim() !== ''
    if (inMacro) continue
    for (const [word, quoted] of line.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)) {
      // A password may begin with a number sign.
      const isValue = valued.has(tokens.at(-1) ?? '')
      inMacro = !isValue && word === 'macdef'
      if (inMacro || (!isValue && word.startsWith('#'))) break
      tokens.push((quoted ?? word).replace(/\\(.)/g, '$1'))
    }
  }
  return tokens
}
