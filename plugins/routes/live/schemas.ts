/**
 * Schemas of live routes, compiled when the route is added and applied as Fastify applies its own.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { describe } from '../../../lib/options.ts'
import { AIO_ERR_ROUTE_SCHEMA } from '../errors.ts'

/** The parts of a request, in the order they are checked. */
const parts = ['params', 'body', 'querystring', 'headers'] as const

type Part = typeof parts[number]
type Validate = (value: unknown) => unknown
type Serialize = (payload: unknown) => string

/** What compiles schemas, with the schemas others may refer to. */
export interface Compilers {
  readonly validator: FastifyInstance['validatorCompiler']
  readonly serializer: FastifyInstance['serializerCompiler']
  /** Schemas of plugged plugins, by id: the compilers of the app do not know them. */
  readonly shared: ReadonlyMap<string, unknown>
}

/** The problems of a part, and which one it is. */
export interface Problems {
  readonly part: string
  readonly problems: unknown
}

/** The schemas of one route. */
export class RouteSchemas {
  readonly #validators: { part: Part, byType: ReadonlyMap<string, Validate> }[] = []
  readonly #serializers = new Map<string, ReadonlyMap<string, Serialize>>()

  /** @throws AIO_ERR_ROUTE_SCHEMA */
  constructor (schema: object, { method, url }: { method: string, url: string }, compilers: Compilers) {
    const where = `${method} ${url}`
    const source: Record<string, unknown> = { ...schema }
    source.querystring ??= source.query
    for (const part of parts) {
      if (source[part] === undefined) continue
      this.#validators.push({
        part,
        byType: compileEach(source[part], where, part, value => {
          const schema = embed(part === 'headers' ? withLowerCase(value) : value, compilers.shared)
          return compilers.validator?.({ schema, method, url, httpPart: part })
        })
      })
    }
    for (const [status, value] of Object.entries(Object(source.response))) {
      const httpStatus = status.toLowerCase()
      if (!/^([1-5](\d\d|xx)|default)$/.test(httpStatus)) {
        throw new AIO_ERR_ROUTE_SCHEMA('response', where, `"${status}" is no status`, { cause: undefined })
      }
      this.#serializers.set(httpStatus, compileEach(value, where, `response ${status}`, (value, contentType) =>
        compilers.serializer?.({ schema: embed(value, compilers.shared), method, url, httpStatus, contentType })))
    }
  }

  get validates (): boolean {
    return this.#validators.length > 0
  }

  get serializes (): boolean {
    return this.#serializers.size > 0
  }

  /** Checks a request; what the schemas convert is put into it. */
  async check (request: FastifyRequest): Promise<Problems | undefined> {
    for (const { part, byType } of this.#validators) {
      const validate = byType.get('') ?? byType.get(mediaTypeOf(request.headers['content-type']))
      const name = part === 'querystring' ? 'query' : part
      const problems = validate === undefined ? undefined : await apply(validate, request, name)
      if (problems !== undefined) return { part: part === 'querystring' ? 'querystring' : part, problems }
    }
    return undefined
  }

  /** The serializer for the status and type of a reply. */
  serializerFor (reply: FastifyReply): Serialize | undefined {
    const status = String(reply.statusCode)
    const [found] = [status, `${status[0]}xx`, 'default'].flatMap(name => this.#serializers.get(name) ?? [])
    return found?.get('') ?? found?.get(mediaTypeOf(reply.getHeader('content-type'))) ?? found?.get('*/*')
  }
}

/** A schema for all types of content, or one for each. */
function compileEach<T> (
  schema: unknown, where: string, part: string, compile: (schema: unknown, contentType: string) => T | undefined
): Map<string, T> {
  const { content }: { content?: unknown } = Object(schema)
  const schemas: [string, unknown][] = typeof content === 'object' && content !== null
    ? Object.entries(content).map(([type, media]) => [type.toLowerCase(), Object(media).schema])
    : [['', schema]]
  return new Map(schemas.map(([type, schema]) => {
    try {
      if (schema === undefined || schema === null) throw new TypeError(`expected a schema, got ${describe(schema)}`)
      const compiled = compile(schema, type)
      if (typeof compiled !== 'function') throw new TypeError('there is no compiler')
      return [type, compiled]
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new AIO_ERR_ROUTE_SCHEMA(part, where, reason, { cause: error })
    }
  }))
}

async function apply (
  validate: Validate, request: FastifyRequest, name: 'params' | 'body' | 'query' | 'headers'
): Promise<unknown> {
  const value = request[name]
  const result = await validate(value === undefined ? null : value)
  if (result === false) return Reflect.get(validate, 'errors')
  const { error, value: converted } = Object(result)
  if (error !== undefined && error !== null) return error
  if (converted !== undefined && name !== 'headers') Reflect.set(request, name, converted)
  return undefined
}

function mediaTypeOf (header: unknown): string {
  return String(header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** Node writes the names of headers in lower case. */
function withLowerCase (schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null || Object.getPrototypeOf(schema) !== Object.prototype) return schema
  const { properties, required, ...rest }: { properties?: unknown, required?: unknown } = schema
  const lower = Object.entries(Object(properties)).map(([name, value]) => [name.toLowerCase(), value])
  return {
    ...rest,
    ...(properties !== undefined && { properties: Object.fromEntries(lower) }),
    ...(Array.isArray(required) && { required: required.map(name => String(name).toLowerCase()) })
  }
}

/** Puts schemas where a reference by their id finds them: into the schema itself. */
function embed (schema: unknown, shared: ReadonlyMap<string, unknown>): unknown {
  if (shared.size === 0 || typeof schema !== 'object' || schema === null) return schema
  return { ...schema, definitions: { ...Object(Reflect.get(schema, 'definitions')), ...Object.fromEntries(shared) } }
}
