/**
 * Checks the requests of an operation, part by part, and tells of all that is wrong at once.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { problemMap, type ProblemMap } from '../../lib/problem-map.ts'
import { RequestValidationFailed } from '../exceptions/index.ts'
import { readBody, type BodyReaders, type ReadBody } from './bodies.ts'
import { checkCredentials, type Guards } from './credentials.ts'
import type { Description, Media, Operation, Parameter, Part } from './description.ts'
import { AIO_ERR_OPENAPI_RESPONSE } from './errors.ts'
import { parametersOf } from './parameters.ts'
import type { Json } from './source.ts'

/** The values of a request that its description accepts. */
export interface Validated {
  readonly query: Json
  readonly body: unknown
  readonly header: Json
  readonly path: Json
  readonly cookie: Json
}

/** What the app adds to a description. */
export type Additions = Omit<Guards, 'schemes'> & Omit<BodyReaders, 'document'>

/** One part of the request, and what it has to look like. */
interface PartCheck {
  readonly part: Part
  readonly parameters: readonly Parameter[]
  readonly validate: ValidateFunction
}

const PARTS: readonly Part[] = ['query', 'header', 'path', 'cookie']

/** The checks of one operation, compiled. */
export class Validator {
  readonly #operation: Operation
  readonly #readers: BodyReaders
  readonly #guards: Guards
  readonly #parts: ReadonlyMap<Part, PartCheck>
  readonly #bodies: ReadonlyMap<Media, ValidateFunction>
  readonly #responses: ReadonlyMap<string, ValidateFunction>

  constructor (operation: Operation, { document, requests, responses, schemes }: Description, additions: Additions) {
    this.#operation = operation
    this.#readers = { document, mediaTypes: additions.mediaTypes }
    this.#guards = { schemes, checks: additions.checks }
    this.#parts = new Map(PARTS.flatMap(part => {
      const parameters = operation.parameters.filter(parameter => parameter.in === part)
      if (parameters.length === 0) return []
      return [[part, { part, parameters, validate: requests.compile(schemaOf(parameters)) }]]
    }))
    this.#bodies = new Map((operation.body?.media ?? []).flatMap(media =>
      media.schema === undefined ? [] : [[media, requests.compile(media.schema)]]))
    this.#responses = new Map([...operation.responses].map(([status, schema]) => [status, responses.compile(schema)]))
  }

  /** @throws HTTPUnauthorized, RequestValidationFailed, HTTPUnsupportedMediaType, HTTPRequestEntityTooLarge */
  async request (request: FastifyRequest): Promise<Validated> {
    await checkCredentials(request, this.#operation, this.#guards)
    const errors: Record<string, ProblemMap> = {}
    const query = this.#values('query', request, errors)
    const body = await this.#body(request, errors)
    const header = this.#values('header', request, errors)
    const path = this.#values('path', request, errors)
    const cookie = this.#values('cookie', request, errors)
    if (Object.keys(errors).length > 0) throw new RequestValidationFailed(errors)
    return { query, body, header, path, cookie }
  }

  /** Checks what is about to become JSON. @throws AIO_ERR_OPENAPI_RESPONSE */
  response ({ statusCode }: FastifyReply, payload: unknown): void {
    const names = [String(statusCode), `${Math.floor(statusCode / 100)}XX`, 'DEFAULT']
    const validate = names.map(name => this.#responses.get(name)).find(found => found !== undefined)
    if (validate === undefined) return
    // As the client gets it: dates are texts there.
    const value: unknown = JSON.parse(JSON.stringify(payload))
    if (validate(value)) return
    const { id, key } = this.#operation
    throw new AIO_ERR_OPENAPI_RESPONSE(id ?? key, statusCode, JSON.stringify(problemMap(validate.errors ?? [])))
  }

  #values (part: Part, request: FastifyRequest, errors: Record<string, ProblemMap>): Json {
    const check = this.#parts.get(part)
    if (check === undefined) return {}
    const values = parametersOf(request, check.parameters, this.#readers.document)
    if (!check.validate(values)) errors[part] = problemMap(check.validate.errors ?? [])
    return values
  }

  async #body (request: FastifyRequest, errors: Record<string, ProblemMap>): Promise<unknown> {
    if (this.#operation.body === undefined) return request.body
    const read: ReadBody = await readBody(request, this.#operation.body, this.#readers)
    if (read.problem !== undefined) {
      errors['body'] = read.problem
      return undefined
    }
    const validate = read.media === undefined ? undefined : this.#bodies.get(read.media)
    if (validate?.(read.value) === false) errors['body'] = problemMap(validate.errors ?? [])
    return read.value
  }
}

function schemaOf (parameters: readonly Parameter[]): Json {
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters.filter(({ required }) => required).map(({ name }) => name)
  }
}
