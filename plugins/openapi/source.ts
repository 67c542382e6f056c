/**
 * Reads an OpenAPI description from a YAML or JSON file, or takes it as an object, and tells where in it something is.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseYAML } from 'confbox/yaml'
import { AIO_ERR_OPENAPI_FILE } from './errors.ts'
import { lineOf } from './lines.ts'

/** A part of a description: an object of JSON. */
export type Json = { [key: string]: unknown }

/** A description, and where it is from. */
export interface Source {
  readonly document: Json
  /** A place in it, for an error message: `petstore.yaml:12 #/paths/~1pets/get`. */
  place (path: readonly string[]): string
}

/** @throws AIO_ERR_OPENAPI_FILE */
export async function readSource (spec: string | URL | object): Promise<Source> {
  if (typeof spec === 'object' && !(spec instanceof URL)) {
    return { document: objectOf(structuredClone(spec), 'given as an object'), place: pointer }
  }
  const file = spec instanceof URL ? fileURLToPath(spec) : spec
  const text = await readFile(file, 'utf8').catch(error => {
    throw Object.assign(new AIO_ERR_OPENAPI_FILE(`"${file}"`, String(Object(error).message)), { cause: error })
  })
  const document = objectOf(parse(file, text), `"${file}"`)
  return { document, place: path => `${file}:${lineOf(text, path)} ${pointer(path)}` }
}

/** JSON is YAML; only what is called JSON is asked to be so. */
function parse (file: string, text: string): unknown {
  try {
    return file.endsWith('.json') ? JSON.parse(text) : parseYAML(text)
  } catch (error) {
    const { mark, reason, message } = Object(error)
    const line = typeof mark?.line === 'number' ? mark.line + 1 : lineOfJSON(text, String(message))
    throw Object.assign(
      new AIO_ERR_OPENAPI_FILE(`"${file}"`, `${line === undefined ? '' : `line ${line}: `}${reason ?? message}`),
      { cause: error })
  }
}

/** Node says where it is in characters. */
function lineOfJSON (text: string, message: string): number | undefined {
  const position = /position (\d+)/.exec(message)?.[1]
  return position === undefined ? undefined : text.slice(0, Number(position)).split('\n').length
}

function objectOf (value: unknown, where: string): Json {
  if (isJson(value)) return value
  throw new AIO_ERR_OPENAPI_FILE(where, 'expected an object with "openapi", "info" and "paths"')
}

/** Whether a value is an object, and no list. */
export function isJson (value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A path as a JSON pointer in a fragment (RFC 6901, section 6). */
export function pointer (path: readonly string[]): string {
  return `#${path.map(part => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`
}
