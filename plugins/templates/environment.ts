/**
 * One environment: an engine with its templates, what adds to their contexts, and how a failure is answered.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HTTPInternalServerError, isHTTPException } from '../exceptions/index.ts'
import type { TemplateContext, TemplateEngine } from './engine.ts'
import { AIO_ERR_TEMPLATE_CONTEXT, AIO_ERR_TEMPLATES_KEY, AIO_ERR_TEMPLATES_MISSING, TemplateError } from './errors.ts'
import { errorPage } from './error-page.ts'
import type { ContextProcessor } from './options.ts'

/** What an environment is made of. */
export interface EnvironmentParts {
  readonly engine: TemplateEngine
  readonly processors: readonly ContextProcessor[]
  /** Charset of responses. */
  readonly encoding: string
  readonly development: boolean
}

/** Renders templates, with a request or without one. */
export class Environment {
  /** The engine, for what is not wrapped here. */
  readonly engine: TemplateEngine
  readonly encoding: string
  readonly #processors: readonly ContextProcessor[]
  readonly #development: boolean

  constructor ({ engine, processors, encoding, development }: EnvironmentParts) {
    this.engine = engine
    this.encoding = encoding
    this.#processors = processors
    this.#development = development
  }

  /** @throws AIO_ERR_TEMPLATE_NOT_FOUND, AIO_ERR_TEMPLATE_CONTEXT, TemplateError */
  async render (name: string, context: unknown, request?: FastifyRequest): Promise<string> {
    const own = mappingOf(context)
    if (request === undefined || this.#processors.length === 0) return await this.engine.render(name, own)
    const all: Record<string, unknown> = {}
    for (const processor of this.#processors) Object.assign(all, mappingOf(await processor(request)))
    return await this.engine.render(name, Object.assign(all, own))
  }

  /** What is thrown to a client in place of what a template threw; in production that says nothing but 500. */
  failure (error: unknown): unknown {
    if (error instanceof TemplateError) {
      // A template may call what answers by itself, such as a check of permissions.
      if (isHTTPException(error.cause)) return error.cause
      if (!this.#development) return error
      const answer = new HTTPInternalServerError({ body: errorPage(error), contentType: 'text/html', cause: error })
      answer.message = error.message
      return answer
    }
    return error
  }
}

/** All environments of an app and of the contexts in it. */
export class Environments {
  readonly #contexts = new WeakMap<FastifyInstance, Map<string, Environment>>()

  /** @throws AIO_ERR_TEMPLATES_KEY */
  add (context: FastifyInstance, key: string, environment: Environment): void {
    const known = this.#contexts.get(context) ?? new Map<string, Environment>()
    if (known.has(key)) throw new AIO_ERR_TEMPLATES_KEY(key)
    this.#contexts.set(context, known.set(key, environment))
  }

  /** That of the context, else that of the nearest context around it. @throws AIO_ERR_TEMPLATES_MISSING */
  get (context: FastifyInstance, key: string): Environment {
    const keys = new Set<string>()
    for (let next: FastifyInstance | null = context; next !== null; next = Object.getPrototypeOf(next)) {
      const known = this.#contexts.get(next)
      const found = known?.get(key)
      if (found !== undefined) return found
      for (const name of known?.keys() ?? []) keys.add(`"${name}"`)
    }
    throw new AIO_ERR_TEMPLATES_MISSING(key, [...keys].join(', ') || 'none')
  }
}

/** A context as an object; nothing is an empty one. @throws AIO_ERR_TEMPLATE_CONTEXT */
function mappingOf (context: unknown): TemplateContext {
  if (context === null || context === undefined) return {}
  if (context instanceof Map) return Object.fromEntries(context)
  if (typeof context === 'object' && !(Symbol.iterator in context) && !(context instanceof Date)) {
    return context as TemplateContext
  }
  throw new AIO_ERR_TEMPLATE_CONTEXT(typeName(context))
}

function typeName (value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : typeof value
}
