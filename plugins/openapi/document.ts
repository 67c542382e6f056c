/**
 * The OpenAPI document of the routes there are now, drawn by @fastify/swagger.
 *
 * @module
 */

import type { FastifySwagger } from './packages.ts'
import type { DescribedRoute } from './described-route.ts'
import { isJson, type Json } from './source.ts'

/** What the document is made of. */
export interface Parts {
  readonly base: Json
  routes (): readonly DescribedRoute[]
  /** Those added by `app.addSchema()`, by `$id`. */
  schemas (): Json
}

/** A document that is drawn when somebody asks, and again after a change. */
export class ApiDocument {
  readonly #swagger: FastifySwagger
  readonly #parts: Parts
  #current: Json | undefined

  constructor (swagger: FastifySwagger, parts: Parts) {
    this.#swagger = swagger
    this.#parts = parts
  }

  /** The document; not to be changed. */
  get current (): Json {
    this.#current ??= this.#draw()
    return this.#current
  }

  /** What was drawn is no longer right. */
  changed (): void {
    this.#current = undefined
  }

  /**
   * @fastify/swagger listens to an app while it starts, and draws once. It is given a stage where the routes of this
   * moment are all there is.
   */
  #draw (): Json {
    const { base, routes, schemas } = this.#parts
    const hooks = new Map<string, (argument: unknown) => unknown>()
    let draw: () => unknown = () => ({})
    const stage = {
      addHook: (name: string, hook: (argument: unknown) => unknown) => { hooks.set(name, hook) },
      decorate: (_name: string, decorator: () => unknown) => { draw = decorator },
      getSchemas: schemas
    }
    // Paths of a description are added to in place.
    const openapi = structuredClone(base)
    const options = { openapi, stripBasePath: false, convertConstToEnum: false }
    Reflect.apply(this.#swagger, undefined, [stage, options, () => {}])
    for (const route of routes()) {
      if (!isTaken(base, route)) hooks.get('onRoute')?.(route)
    }
    hooks.get('onReady')?.(() => {})
    const document = draw()
    return isJson(document) ? document : {}
  }
}

/** What the description says of an operation is more than its route knows. */
function isTaken ({ paths }: Json, { method, url }: DescribedRoute): boolean {
  const item: unknown = isJson(paths) ? paths[url.replaceAll('::', ':')] : undefined
  return isJson(item) && method.toLowerCase() in item
}
