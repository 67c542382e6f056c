/**
 * What the plugin adds to every request, name by name.
 *
 * Other plugins like the same words (`cookies` of @fastify/cookie, `forwarded` of @fastify/sensible): a name that is
 * taken, or that the options leave out, is not ours.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CloneOptions } from './clone.ts'
import type { Facts } from './facts.ts'
import type { Registry } from './registry.ts'

/** What of the facts becomes a property of the request. */
const facts = ['absoluteUrl', 'authority', 'charset', 'clientMaxSize', 'contentLength', 'contentType', 'cookies',
  'forwarded', 'headersMulti', 'httpRange', 'ifMatch', 'ifModifiedSince', 'ifNoneMatch', 'ifRange', 'ifUnmodifiedSince',
  'keepAlive', 'path', 'pathQs', 'queryMulti', 'queryString', 'rawPath', 'remote', 'scheme', 'secure',
  'version'] as const

/** Every name a request gets. */
export const requestNames = [...facts, 'relUrl', 'bodyExists', 'canReadBody', 'content', 'read', 'text', 'json', 'post',
  'multipart', 'release', 'clone'] as const

/** A name a request gets. */
export type RequestName = typeof requestNames[number]

/** Decorates the requests of an app, but for the names that are left out or taken. */
export function decorateRequests (app: FastifyInstance, registry: Registry, leaveOut: readonly RequestName[]): void {
  function decorate (name: RequestName, value: unknown): void {
    if (!leaveOut.includes(name) && !app.hasRequestDecorator(name)) app.decorateRequest(name, value as never)
  }
  const property = (name: RequestName, read: (facts: Facts) => unknown) =>
    decorate(name, { getter (this: FastifyRequest) { return read(registry.facts(this)) } })
  const method = (name: RequestName, call: (facts: Facts) => unknown) =>
    decorate(name, function (this: FastifyRequest) { return call(registry.facts(this)) })

  for (const name of facts) property(name, facts => facts[name])
  property('relUrl', facts => facts.pathQs)
  property('bodyExists', facts => facts.body.exists)
  property('canReadBody', facts => facts.body.readable)
  property('content', facts => facts.body.content)
  method('read', facts => facts.read())
  method('text', facts => facts.text())
  method('json', facts => facts.json())
  method('post', facts => facts.post())
  method('multipart', async facts => facts.multipart())
  method('release', facts => facts.body.release())
  decorate('clone', function (this: FastifyRequest, changes?: CloneOptions) { return registry.clone(this, changes) })
}
