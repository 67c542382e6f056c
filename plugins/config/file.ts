/**
 * The file of a configuration: where it is looked for, and what it says.
 *
 * @module
 */

import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { ConfigError } from './errors.ts'
import { formats, parse, type Document } from './formats.ts'
import { SyntaxFault } from './places/place.ts'

/** More is no configuration. */
const maxSize = 1024 * 1024

/** A file that was read. */
export interface ConfigFile extends Document {
  /** Its path as people write it: relative to the folder when it is in there. */
  readonly path: string
}

/**
 * The file that is there: `config/<name>` before `config`, in `.yaml`, `.yml`, `.json`, `.toml` or `.ini`.
 *
 * @throws ConfigError when one place has several
 */
export function findFile (folder: string, name: string): string | undefined {
  for (const place of [path.join('config', name), 'config']) {
    const found = Object.keys(formats).map(ending => `${place}${ending}`).filter(file => existsSync(path.join(folder, file)))
    if (found.length > 1) throw fault('', `Cannot choose between ${found.join(' and ')}: keep one of them, or name it with --config`)
    if (found.length === 1) return found[0]
  }
  return undefined
}

/**
 * Reads and parses a file by its ending.
 *
 * @throws ConfigError
 */
export async function readConfigFile (folder: string, file: string): Promise<ConfigFile> {
  const shown = shorten(folder, file)
  const ending = path.extname(file).toLowerCase()
  const format = Object.hasOwn(formats, ending) ? formats[ending] : undefined
  const text = await readText(folder, file)
  if (format === undefined) {
    throw fault(shown, `Cannot tell its format: expected a name that ends in ${Object.keys(formats).join(', ')}`)
  }
  try {
    return { ...await parse(text, format), path: shown }
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error
    const { message, line, column } = error
    throw fault([shown, line, column].filter(part => part !== undefined).join(':'), `Cannot parse it: ${message}`)
  }
}

/**
 * The text of a file, of at most 1 MiB of UTF-8.
 *
 * @throws ConfigError
 */
export async function readText (folder: string, file: string): Promise<string> {
  const shown = shorten(folder, file)
  const place = path.resolve(folder, file)
  try {
    const facts = await stat(place)
    if (facts.isDirectory()) throw fault(shown, 'Cannot read it: it is a directory')
    // Opening a pipe waits for its writer.
    if (!facts.isFile()) throw fault(shown, 'Cannot read it: it is no regular file')
    if (facts.size > maxSize) throw fault(shown, `Cannot read it: it has ${facts.size} bytes, at most ${maxSize} are allowed`)
    return decode(shown, await readFile(place))
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error
    throw fault(shown, `Cannot read it: ${reasonOf(error)}`)
  }
}

/** UTF-8, with or without its byte order mark. */
function decode (shown: string, bytes: Buffer): string {
  if (bytes.includes(0)) throw fault(shown, 'Cannot read it: it is a binary file, expected text in UTF-8')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw fault(shown, 'Cannot read it: expected text in UTF-8')
  }
}

function reasonOf (error: NodeJS.ErrnoException): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file', ENOTDIR: 'there is no such folder', EACCES: 'permission denied (EACCES)'
  }
  return reasons[error.code ?? ''] ?? error.message
}

function shorten (folder: string, file: string): string {
  const relative = path.relative(folder, path.resolve(folder, file))
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? path.resolve(folder, file) : relative
}

function fault (where: string, text: string): ConfigError {
  return new ConfigError([{ kind: 'file', key: '', where, text }])
}
