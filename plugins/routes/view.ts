/**
 * Class-based views: one method of a class for each HTTP method.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { HTTPMethodNotAllowed } from '../exceptions/index.ts'

/** The methods a view may have (aiohttp: METH_ALL). */
const viewMethods = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']

/**
 * Answers with its method of the request's name, in lower case; what it lacks is 405 with `Allow`. There is
 * one view for each request. HEAD and OPTIONS are methods like the others, none is answered by itself.
 *
 * @example
 * class Item extends View {
 *   async get () { return new Response({ text: this.request.matchInfo.id }) }
 * }
 * app.addView('/items/{id}', Item)
 */
export abstract class View {
  readonly request: FastifyRequest
  readonly reply: FastifyReply

  constructor (request: FastifyRequest, reply: FastifyReply) {
    this.request = request
    this.reply = reply
  }
}

/** A class of views. */
export type ViewClass = new (request: FastifyRequest, reply: FastifyReply) => View

/** Whether a handler is a class of views. */
export function isViewClass (handler: unknown): handler is ViewClass {
  return typeof handler === 'function' && handler.prototype instanceof View
}

/** The handler that makes a view for each request. */
export function viewHandler (ViewClass: ViewClass) {
  const methods = new Set(viewMethods.filter(name => name.toLowerCase() in ViewClass.prototype))
  return function view (request: FastifyRequest, reply: FastifyReply): unknown {
    const { method } = request
    if (!methods.has(method)) throw new HTTPMethodNotAllowed(method, [...methods].sort())
    const instance = new ViewClass(request, reply)
    const answer: unknown = Reflect.get(instance, method.toLowerCase())
    return typeof answer === 'function' ? Reflect.apply(answer, instance, []) : undefined
  }
}
