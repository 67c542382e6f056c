/**
 * `request.routeOptions` of a live route, from the first hook on: whoever reads `config` there, to ask for a login for
 * example, must not see the door in its place.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import type { Routing } from '../routing.ts'

type RouteOptions = FastifyRequest['routeOptions']
type Getter = (this: FastifyRequest) => RouteOptions

/** The getter that stands before Fastify's own; other requests get what that says. */
export function doorShadow (routing: Routing): Getter {
  let inherited: Getter | undefined
  return function routeOptions (this: FastifyRequest): RouteOptions {
    inherited ??= findInherited(this, routeOptions)
    const options = inherited.call(this)
    if (options.config?.liveDoor !== true) return options
    return routing.resolve(this.raw).route?.data.live?.routeOptions ?? options
  }
}

/** Fastify's getter, which ours hides. */
function findInherited (request: FastifyRequest, own: Getter): Getter {
  let hidden = false
  for (let object = Object.getPrototypeOf(request); object !== null; object = Object.getPrototypeOf(object)) {
    const getter = Object.getOwnPropertyDescriptor(object, 'routeOptions')?.get
    if (getter !== undefined && hidden) return getter
    if (getter === own) hidden = true
  }
  throw new TypeError('Fastify has no request.routeOptions')
}
