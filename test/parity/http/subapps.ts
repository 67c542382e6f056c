/**
 * 2 routing, continued: sub-applications, domains, and the path-normalising middleware.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  HTTPFound, HTTPMovedPermanently, jsonResponse, normalizePath, type NormalizePathOptions
} from '../../../app.ts'
import { APP_COLOUR, APP_NAME } from './helpers.ts'
import { ItemView, labelled, type Names } from './routing.ts'

// Sub-applications: an application mounted below a prefix. Paths of its routes are relative to the prefix; it has its
// own names, its own middlewares and its own state, and sees the state of the applications around it.

async function whoAmI ({ matchInfo, server }: FastifyRequest) {
  return jsonResponse({
    app: server.state.get(APP_NAME),
    // looked up from the inside to the outside
    name: server.state.get(APP_NAME),
    colour: server.state.get(APP_COLOUR),
    match: matchInfo
  })
}

async function inner (app: FastifyInstance) {
  app.state.set(APP_NAME, 'inner')
  app.addGet('', labelled('inner empty'))
  app.addGet('/who/{x}', whoAmI)
  app.addGet('/leaf', labelled('inner leaf'), { name: 'leaf' })
}

async function sub (app: FastifyInstance) {
  app.state.set(APP_NAME, 'sub')
  app.state.set(APP_COLOUR, 'blue')
  app.addGet('/', labelled('sub slash'))
  app.addGet('/who/{x}', whoAmI)
  app.addGet('/item/{id}', labelled('sub item'), { name: 'item' })
  app.addPost('/item/{id}', labelled('sub item post'))
  app.addGet('/things', labelled('sub things'), { name: 'things' })
  app.addView('/view', ItemView)
  app.addSubapp('/inner/', inner)
}

async function api (app: FastifyInstance) {
  app.state.set(APP_NAME, 'api')
  app.addGet('/ping', labelled('api v1 ping'))
}

export function addSubapps (app: FastifyInstance, { subApps }: Names): void {
  app.addSubapp('/sub', async child => {
    subApps.set('sub', child)
    await sub(child)
  })
  // a fixed path of the application around it is more specific than the prefix of the sub-application
  app.addGet('/sub/outside', labelled('around sub'))
  app.addGet('/subway', labelled('subway'))
  app.addGet('/item/{id}', labelled('root item'), { name: 'root-item' })
  app.addGet('/who/{x}', whoAmI)

  // a sub-application whose prefix has two segments
  app.addSubapp('/api/v1', api)
}

/** Sub-applications that are chosen by the Host header. */
export function addDomains (app: FastifyInstance): void {
  app.addDomain('api.example.test', async exact => {
    exact.state.set(APP_NAME, 'exact')
    exact.addGet('/', labelled('domain exact'))
    exact.addGet('/r/plain', labelled('domain exact plain'))
    exact.addPost('/only-post', labelled('domain exact only-post'))
  })

  app.addDomain('*.wild.test', async masked => {
    masked.addGet('/', labelled('domain masked'))
    masked.addGet('/host/{x}', labelled('domain masked host'))
  })

  app.addDomain('port.example.test:8080', async withPort => {
    withPort.addGet('/', labelled('domain with port'))
  })

  // the path normaliser of below at the top of the path, where a path that starts with two slashes must not become a
  // redirect to another host
  app.addDomain('top.example.test', async top => {
    top.addMiddleware(normalizePath())
    top.addGet('/', labelled('top root'))
    top.addGet('/a', labelled('top a'))
    top.addGet('/b/', labelled('top b'))
    top.addGet('/evil.example/c/', labelled('top evil'))
  })
}

/** The path-normalising middleware in its variants, one prefix each. */
export function addNormalizers (app: FastifyInstance): void {
  const variants: Record<string, NormalizePathOptions> = {
    // append a slash and merge repeated ones: the default
    '/n-append': {},
    '/n-remove': { appendSlash: false, removeSlash: true },
    '/n-merge': { appendSlash: false },
    '/n-append-only': { mergeSlashes: false },
    '/n-remove-only': { appendSlash: false, removeSlash: true, mergeSlashes: false },
    '/n-off': { appendSlash: false, mergeSlashes: false },
    '/n-found': { redirectClass: HTTPFound },
    '/n-moved': { appendSlash: false, removeSlash: true, redirectClass: HTTPMovedPermanently }
  }
  for (const [prefix, options] of Object.entries(variants)) {
    app.addSubapp(prefix, async sub => {
      sub.addMiddleware(normalizePath(options))
      sub.addGet('/one', labelled('one'))
      sub.addGet('/two/', labelled('two/'))
      sub.addGet('/one/a/b', labelled('one/a/b'))
      sub.addGet('/two/a/b/', labelled('two/a/b/'))
      sub.addGet('/var/{x}', labelled('var'))
      sub.addGet('/slashed/{x}/', labelled('slashed'))
      sub.addPost('/post/', labelled('post/'))
    })
  }
}
