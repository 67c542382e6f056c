/**
 * `app.openapi`: the document, and handlers for the operations of a description.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import type { AddRouteOptions, RouteTarget } from '../routes/index.ts'
import type { Description, Operation } from './description.ts'
import type { ApiDocument } from './document.ts'
import { AIO_ERR_OPENAPI_HANDLED, AIO_ERR_OPENAPI_OPERATION, AIO_ERR_OPENAPI_UNHANDLED } from './errors.ts'
import type { Json } from './source.ts'
import { Validator, type Additions, type Validated } from './validator.ts'

/** Options of a handler. */
export interface HandleOptions extends AddRouteOptions {
  /** Checks requests. @default true */
  validate?: boolean | undefined
}

/** The hooks by which a route of yours is checked. */
export interface ValidateHooks {
  readonly schema: FastifySchema
  preValidation (request: FastifyRequest): Promise<void>
  preSerialization (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown>
}

/** What `app.openapi` needs to know. */
export interface OpenApiParts {
  readonly app: FastifyInstance
  readonly document: ApiDocument
  readonly description: Description | undefined
  readonly additions: Additions
  readonly validateResponses: boolean
  /** Keeps what was found valid. */
  keep (request: FastifyRequest, validated: Validated): void
}

/** The API of an app. */
export class OpenApi {
  readonly #parts: OpenApiParts
  readonly #handled = new Set<Operation>()

  constructor (parts: OpenApiParts) {
    this.#parts = parts
  }

  /** The OpenAPI document of the routes there are now; not to be changed. */
  document (): Json {
    return this.#parts.document.current
  }

  /**
   * Gives an operation of the description its handler; `request.query`, `request.params` and `request.body` are
   * what the description makes of them, all of it is in `request.validated`.
   *
   * @param operation its operationId, or method and path: `GET /pets/{id}`
   * @throws AIO_ERR_OPENAPI_OPERATION, AIO_ERR_OPENAPI_HANDLED
   */
  handle (operation: string, handler: RouteTarget, { validate = true, ...options }: HandleOptions = {}): void {
    const found = this.#take(operation)
    const { id, method, path } = found
    const hooks = validate ? this.#hooks(found) : { schema: hidden }
    const name = id !== undefined && /^[a-zA-Z_]\w*([.:-][a-zA-Z_]\w*)*$/.test(id) ? { name: id } : {}
    this.#parts.app.addRoute(method, path, handler, { ...name, ...options, ...addHooks(options, hooks) })
  }

  /**
   * Checks a route of yours as an operation of the description: `app.get('/pets/:id', app.openapi.validateBy('getPet'),
   * handler)`. Its path has to name the same parameters.
   *
   * @throws AIO_ERR_OPENAPI_OPERATION, AIO_ERR_OPENAPI_HANDLED
   */
  validateBy (operation: string): ValidateHooks {
    return this.#hooks(this.#take(operation))
  }

  /** @throws AIO_ERR_OPENAPI_UNHANDLED */
  checkHandled (): void {
    const missing = (this.#parts.description?.operations ?? []).filter(operation => !this.#handled.has(operation))
    if (missing.length > 0) throw new AIO_ERR_OPENAPI_UNHANDLED(missing.map(nameOf).join(', '))
  }

  #take (name: string): Operation {
    const operations = this.#parts.description?.operations ?? []
    const found = operations.find(({ id, key }) => id === name || key === name)
    if (found === undefined) {
      throw new AIO_ERR_OPENAPI_OPERATION(name, operations.map(nameOf).join(', ') || 'none: give the plugin a spec')
    }
    if (this.#handled.has(found)) throw new AIO_ERR_OPENAPI_HANDLED(name)
    this.#handled.add(found)
    return found
  }

  #hooks (operation: Operation): ValidateHooks {
    const { additions, description, keep, validateResponses } = this.#parts
    if (description === undefined) throw new AIO_ERR_OPENAPI_OPERATION(nameOf(operation), 'none')
    const validator = new Validator(operation, description, additions)
    return {
      schema: hidden,
      preValidation: async request => {
        const validated = await validator.request(request)
        keep(request, validated)
        request.query = { ...Object(request.query), ...validated.query }
        request.params = { ...Object(request.params), ...validated.path }
        if (operation.body !== undefined) request.body = validated.body
      },
      preSerialization: async (_request, reply, payload) => {
        if (validateResponses && reply.statusCode < 400) validator.response(reply, payload)
        return payload
      }
    }
  }
}

/** The description has it already. */
const hidden: FastifySchema & { hide: boolean } = { hide: true }

function nameOf ({ id, key }: Operation): string {
  return id === undefined ? key : `${id} (${key})`
}

/** Ours before those of the route. */
function addHooks (options: AddRouteOptions, hooks: Partial<ValidateHooks>): AddRouteOptions {
  const { preValidation, preSerialization } = hooks
  const last = [options.preSerialization ?? []].flat()
  return {
    schema: { ...options.schema, ...hooks.schema },
    ...preValidation !== undefined && { preValidation: [preValidation, ...[options.preValidation ?? []].flat()] },
    ...preSerialization !== undefined && { preSerialization: [...last, preSerialization] }
  }
}
