/**
 * Makes Fastify set up its compilers of schemas, which it does for the first route that has one: a live route that
 * comes later finds them.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'

/** A schema for a route nobody comes to. It asks for nothing where somebody has brought compilers of his own. */
export class CompilerRequest {
  /** Not for documents. */
  readonly hide = true
  readonly #app: FastifyInstance
  readonly #onStart: () => void
  #needs: { headers: boolean, response: boolean } | undefined

  /** `onStart` is called when Fastify asks: from then on it takes no more routes. */
  constructor (app: FastifyInstance, onStart: () => void) {
    this.#app = app
    this.#onStart = onStart
  }

  // Not properties of the object itself: Fastify warns of one that is undefined. And `true`, not `{}`: Ajv compiles its
  // meta-schema for the first schema that is an object, which would be a fifth of the time to start.
  get headers (): true | undefined {
    return this.#decide().headers ? true : undefined
  }

  get response (): object | undefined {
    return this.#decide().response ? { 599: {} } : undefined
  }

  /** Once, when Fastify asks: then all plugins are loaded. */
  #decide () {
    if (this.#needs === undefined) this.#onStart()
    const { validatorCompiler, serializerCompiler } = this.#app
    this.#needs ??= { headers: validatorCompiler === undefined, response: serializerCompiler === undefined }
    return this.#needs
  }
}
