/**
 * The operations of a description, with everything that is wrong with it.
 *
 * @module
 */

import { AIO_ERR_OPENAPI_SPEC } from './errors.ts'
import { at, follow, type Located } from './references.ts'
import { isJson, type Json, type Source } from './source.ts'
import { Schemas, type Schema, type StringFormat } from './schemas.ts'

/** Where a parameter is sent. */
export type Part = 'query' | 'header' | 'path' | 'cookie'

/** One parameter of an operation. */
export interface Parameter {
  readonly name: string
  readonly in: Part
  readonly required: boolean
  readonly style: string
  readonly explode: boolean
  /** It is JSON inside a text. */
  readonly isJSON: boolean
  /** As it was written. */
  readonly raw: unknown
  readonly schema: Schema
}

/** What may be sent under a media type. */
export interface Media { readonly type: string, readonly raw: unknown, readonly schema: Schema | undefined }

/** The body of an operation. */
export interface Body { readonly required: boolean, readonly media: readonly Media[] }

/** What is to be done at a path with a method. */
export interface Operation {
  /** `GET /pets/{id}` */
  readonly key: string
  readonly method: string
  readonly path: string
  readonly id: string | undefined
  readonly parameters: readonly Parameter[]
  readonly body: Body | undefined
  /** JSON responses, by status, `2XX` or `default`. */
  readonly responses: ReadonlyMap<string, Schema>
  /** One of these, each with all of its schemes. */
  readonly security: readonly (readonly string[])[]
}

/** A description that has been found right. */
export interface Description {
  readonly document: Json
  readonly operations: readonly Operation[]
  readonly schemes: ReadonlyMap<string, Json>
  readonly requests: Schemas
  readonly responses: Schemas
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
const PARTS: readonly unknown[] = ['query', 'header', 'path', 'cookie']
const STYLES: Readonly<Record<Part, readonly string[]>> = {
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'], header: ['simple'], path: ['simple'], cookie: ['form']
}
/** The protocol's own headers are described elsewhere (OpenAPI, Parameter Object). */
const IGNORED = ['accept', 'content-type', 'authorization']

/** Reads a description. @throws AIO_ERR_OPENAPI_SPEC with all that is wrong with it */
export function describeOperations (source: Source, formats: Readonly<Record<string, StringFormat>>): Description {
  const reader = new Reader(source, formats)
  const operations = reader.operations()
  const schemes = reader.schemes(operations)
  if (reader.problems.length > 0) throw new AIO_ERR_OPENAPI_SPEC(reader.problems.join('\n'))
  return { document: source.document, operations, schemes, requests: reader.requests, responses: reader.responses }
}

class Reader {
  readonly problems: string[] = []
  readonly requests: Schemas
  readonly responses: Schemas
  readonly #source: Source
  readonly #document: Json

  constructor (source: Source, formats: Readonly<Record<string, StringFormat>>) {
    this.#source = source
    this.#document = source.document
    this.requests = new Schemas(this.#document, 'request', formats, this.#complain)
    this.responses = new Schemas(this.#document, 'response', formats, this.#complain)
    const { openapi, info, paths } = this.#document
    if (typeof openapi !== 'string' || !/^3\.[01]\./.test(openapi)) {
      this.#complain(['openapi'], `must be a version 3.0 or 3.1, not ${JSON.stringify(openapi)}`)
    }
    if (!isJson(info) || typeof info['title'] !== 'string' || typeof info['version'] !== 'string') {
      this.#complain(['info'], 'must have a title and a version, both texts')
    }
    if (!isJson(paths)) this.#complain(['paths'], 'must be an object')
  }

  /** Each problem once: requests and responses share schemas. */
  readonly #complain = (path: readonly string[], problem: string): void => {
    const line = `${this.#source.place(path)} ${problem}`
    if (!this.problems.includes(line)) this.problems.push(line)
  }

  operations (): Operation[] {
    const { paths } = this.#document
    const found = Object.keys(isJson(paths) ? paths : {}).filter(path => !path.startsWith('x-'))
      .flatMap(path => this.#operationsAt(path))
    const ids = new Set<string>()
    for (const { id, method, path } of found) {
      if (id === undefined) continue
      const place = ['paths', path, method.toLowerCase(), 'operationId']
      if (ids.has(id)) this.#complain(place, `is taken by another operation: "${id}"`)
      ids.add(id)
    }
    return found
  }

  /** The security schemes, each of those an operation needs. */
  schemes (operations: readonly Operation[]): Map<string, Json> {
    const path = ['components', 'securitySchemes']
    const names = Object.keys(Object(at(this.#document, path)))
    const schemes = new Map(names.flatMap(name => {
      const found = this.#follow(at(this.#document, [...path, name]), [...path, name])
      return found === undefined ? [] : [[name, found.value]]
    }))
    for (const { security, path, method } of operations) {
      for (const name of security.flat()) {
        if (schemes.has(name)) continue
        this.#complain(['paths', path, method.toLowerCase()], `needs the security scheme "${name}", which does not exist`)
      }
    }
    return schemes
  }

  #operationsAt (path: string): Operation[] {
    const place = ['paths', path]
    if (!path.startsWith('/')) this.#complain(place, 'must begin with "/"')
    const item = this.#follow(at(this.#document, place), place)
    if (item === undefined) return []
    const shared = this.#parameters(item.value['parameters'], [...item.path, 'parameters'])
    return METHODS.filter(method => item.value[method] !== undefined).flatMap(method => {
      const where = [...item.path, method]
      const operation = item.value[method]
      if (isJson(operation)) return [this.#operation(method, path, { value: operation, path: where }, shared)]
      this.#complain(where, 'must be an object')
      return []
    })
  }

  #operation (method: string, path: string, { value, path: place }: Located, shared: readonly Parameter[]): Operation {
    const own = this.#parameters(value['parameters'], [...place, 'parameters'])
    const rest = shared.filter(other => !own.some(one => one.name === other.name && one.in === other.in))
    const parameters = [...own, ...rest]
    this.#comparePath(path, parameters, place)
    const { operationId, requestBody } = value
    if (operationId !== undefined && typeof operationId !== 'string') this.#complain([...place, 'operationId'], 'must be a text')
    return {
      key: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      id: typeof operationId === 'string' ? operationId : undefined,
      parameters,
      body: requestBody === undefined ? undefined : this.#body(requestBody, [...place, 'requestBody']),
      responses: this.#responses(value['responses'], [...place, 'responses']),
      security: this.#security(value['security'] ?? this.#document['security'])
    }
  }

  /** The variables of a path are its parameters, and no others. */
  #comparePath (path: string, parameters: readonly Parameter[], place: readonly string[]): void {
    const variables = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name)
    const described = parameters.filter(parameter => parameter.in === 'path').map(({ name }) => name)
    for (const name of variables) {
      if (!described.includes(String(name))) this.#complain(place, `does not describe the path parameter "${name}"`)
    }
    for (const name of described) {
      if (!variables.includes(name)) this.#complain(place, `describes "${name}", which is not in the path`)
    }
  }

  #parameters (list: unknown, place: readonly string[]): Parameter[] {
    if (list === undefined) return []
    if (!Array.isArray(list)) {
      this.#complain(place, 'must be a list')
      return []
    }
    return list.flatMap((item, index) => {
      const found = this.#follow(item, [...place, String(index)])
      return found === undefined ? [] : this.#parameter(found)
    })
  }

  #parameter ({ value, path }: Located): Parameter[] {
    const { name, in: part, required, style, explode, content } = value
    if (typeof name !== 'string' || !isPart(part)) {
      this.#complain(path, 'must have a name, and "in" one of query, header, path, cookie')
      return []
    }
    if (part === 'header' && IGNORED.includes(name.toLowerCase())) return []
    if (part === 'path' && required !== true) this.#complain(path, 'is in the path: it must be required')
    const known = STYLES[part]
    const given = typeof style === 'string' ? style : known[0] ?? 'form'
    if (!known.includes(given)) this.#complain([...path, 'style'], `must be one of ${known.join(', ')}, not "${given}"`)
    const [type] = Object.keys(Object(content))
    const steps = type === undefined ? ['schema'] : ['content', type, 'schema']
    const raw = at(value, steps)
    if (raw === undefined) this.#complain(path, 'must have a schema, or content with a schema')
    return [{
      name,
      in: part,
      required: required === true,
      style: given,
      explode: typeof explode === 'boolean' ? explode : given === 'form',
      isJSON: type !== undefined,
      raw,
      schema: raw === undefined ? true : this.requests.add(raw, [...path, ...steps])
    }]
  }

  #body (value: unknown, place: readonly string[]): Body | undefined {
    const found = this.#follow(value, place)
    if (found === undefined) return undefined
    const { content, required } = found.value
    if (!isJson(content)) {
      this.#complain(found.path, 'must have content')
      return undefined
    }
    const media = Object.keys(content).map(type => {
      const raw = at(content, [type, 'schema'])
      const schema = raw === undefined ? undefined : this.requests.add(raw, [...found.path, 'content', type, 'schema'])
      return { type: type.toLowerCase(), raw, schema }
    })
    return { required: required === true, media }
  }

  #responses (value: unknown, place: readonly string[]): Map<string, Schema> {
    const schemas = new Map<string, Schema>()
    for (const status of Object.keys(Object(value))) {
      const found = this.#follow(at(Object(value), [status]), [...place, status])
      const steps = ['content', 'application/json', 'schema']
      const raw = found === undefined ? undefined : at(found.value, steps)
      if (found === undefined || raw === undefined) continue
      schemas.set(status.toUpperCase(), this.responses.add(raw, [...found.path, ...steps]))
    }
    return schemas
  }

  #security (value: unknown): string[][] {
    return Array.isArray(value) ? value.map(item => Object.keys(Object(item))) : []
  }

  #follow (value: unknown, place: readonly string[]): Located | undefined {
    const found = follow(this.#document, value, place)
    if (found === undefined) {
      this.#complain(place, isJson(value) ? `cannot be resolved: "${String(value['$ref'])}"` : 'must be an object')
    }
    return found
  }
}

function isPart (value: unknown): value is Part {
  return PARTS.includes(value)
}
