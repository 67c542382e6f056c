/**
 * The parameters of a request, taken apart by their style (OpenAPI, "Style Values").
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import type { Parameter } from './description.ts'
import { isJson, type Json } from './source.ts'
import { propertiesOf, valueOf, wants } from './texts.ts'

/** The parameters of one part that were sent, as values. */
export function parametersOf (request: FastifyRequest, parameters: readonly Parameter[], document: Json): Json {
  const values: Json = {}
  // Taken apart once, and only where there are parameters.
  const query = parameters.some(parameter => parameter.in === 'query') ? queryOf(request) : new URLSearchParams()
  for (const parameter of parameters) {
    const texts = parameter.in === 'query'
      ? queryTexts(query, parameter, document)
      : split(textOf(request, parameter), parameter, ',', document)
    if (texts === undefined) continue
    values[parameter.name] = parameter.isJSON ? json(texts) : valueOf(texts, parameter.raw, document)
  }
  return values
}

function queryOf ({ raw: { url = '' } }: FastifyRequest): URLSearchParams {
  const start = url.indexOf('?')
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1))
}

function textOf (request: FastifyRequest, { name, in: part }: Parameter): string | undefined {
  if (part === 'header') return [request.headers[name.toLowerCase()]].flat()[0]
  const values = part === 'path' ? request.params : request.cookies
  const value: unknown = isJson(values) && name in values ? values[name] : undefined
  return typeof value === 'string' ? value : undefined
}

const DELIMITERS: Readonly<Record<string, string>> = { form: ',', spaceDelimited: ' ', pipeDelimited: '|' }

function queryTexts (query: URLSearchParams, parameter: Parameter, document: Json): unknown {
  const { name, raw, style, explode, isJSON } = parameter
  if (isJSON) return query.get(name) ?? undefined
  if (style === 'deepObject') return deepObject(query, name)
  if (explode && wants('object', raw, document)) return pickFields(query, Object.keys(propertiesOf(raw, document)))
  const all = query.getAll(name)
  if (all.length === 0) return undefined
  if (explode && wants('array', raw, document)) return all
  // Twice what may come once: a list, which the schema does not accept.
  return all.length > 1 ? all : split(all[0], parameter, DELIMITERS[style] ?? ',', document)
}

/** `filter[color]=red` */
function deepObject (query: URLSearchParams, name: string): Json | undefined {
  const names = [...new Set(query.keys())].filter(key => key.startsWith(`${name}[`) && key.endsWith(']'))
  if (names.length === 0) return undefined
  return Object.fromEntries(names.map(key => [key.slice(name.length + 1, -1), oneOrAll(query.getAll(key))]))
}

function pickFields (query: URLSearchParams, names: readonly string[]): Json | undefined {
  const sent = names.filter(name => query.has(name))
  return sent.length === 0 ? undefined : Object.fromEntries(sent.map(name => [name, oneOrAll(query.getAll(name))]))
}

function oneOrAll (values: readonly string[]): unknown {
  return values.length === 1 ? values[0] : values
}

/** A list is `a,b`, an object `name,value` or, exploded, `name=value`. */
function split (
  text: string | undefined, { raw, explode, isJSON }: Parameter, delimiter: string, document: Json
): unknown {
  if (text === undefined || isJSON) return text
  const parts = () => text === '' ? [] : text.split(delimiter)
  if (wants('array', raw, document)) return parts()
  if (!wants('object', raw, document)) return text
  if (explode) return Object.fromEntries(parts().map(part => part.split('=', 2)))
  const list = parts()
  return Object.fromEntries(list.flatMap((name, index) => index % 2 === 0 ? [[name, list[index + 1] ?? '']] : []))
}

/** What is no JSON stays a text, which the schema will not accept. */
function json (text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return text
  }
}
