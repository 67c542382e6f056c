/**
 * 6 middlewares and signals: /mw/...
 *
 * @module
 */

import path from 'node:path'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  HTTPBadRequest, HTTPConflict, HTTPException, HTTPForbidden, HTTPFound, HTTPNoContent, HTTPUnauthorized, jsonResponse,
  RequestKey, Response, StreamResponse, type Middleware, type PrepareReceiver
} from '../../../app.ts'
import { Teapot } from './exceptions.ts'
import { APP_EVENTS, APP_NAME, int, partition } from './helpers.ts'
import { ItemView } from './routing.ts'

const TRACE = new RequestKey<string[]>('trace')
const USER = new RequestKey<string>('user')

/**
 * A middleware that leaves a trace, and misbehaves on request.
 *
 * X-In:  the names of the middlewares in the order they were entered.
 * X-Out: the names in the order they were left (also left by exceptions).
 *
 * Query: stop=NAME     answer at once instead of calling the next one
 *        deny=NAME     throw HTTPForbidden instead of calling the next one
 *        wink=NAME     append " wink" to the text of the response
 *        replace=NAME  answer a new response in place of the handler's
 *        fail=NAME     throw HTTPConflict after the handler has returned
 *        rescue=NAME   turn an HTTP exception into a 200 response
 *        crash=NAME    throw an ordinary error after the handler has returned
 */
export function tracing (name: string): Middleware {
  return async (request, handler) => {
    // the root's middleware, elsewhere
    if (!request.path.startsWith('/mw')) return await handler(request)
    const q = request.queryMulti
    if (!request.state.has(TRACE)) request.state.set(TRACE, [])
    const trace = request.state.get(TRACE)
    trace.push(name)
    let response
    try {
      if (q.get('stop') === name) response = new Response({ text: `stopped by ${name}`, status: 203 })
      else if (q.get('deny') === name) throw new HTTPForbidden({ text: `denied by ${name}` })
      else response = await handler(request)
      if (q.get('fail') === name) throw new HTTPConflict({ text: `failed in ${name}` })
      if (q.get('crash') === name) throw new Error(`crashed in ${name}`)
    } catch (error) {
      if (!(error instanceof HTTPException)) throw error
      if (q.get('rescue') !== name) {
        leave(error, name, trace)
        throw error
      }
      response = new Response({ text: `rescued ${error.statusCode} in ${name}` })
    }
    if (q.get('wink') === name && response instanceof Response) response.text = `${response.text} wink`
    if (q.get('replace') === name) response = new Response({ text: `replaced by ${name}`, status: 202 })
    leave(response, name, trace)
    return response
  }
}

function leave (response: StreamResponse | HTTPException, name: string, trace: string[]): void {
  const out = response.headers.get('X-Out')
  response.headers.set('X-In', trace.join(','))
  response.headers.set('X-Out', out === null ? name : `${out},${name}`)
}

/** onResponsePrepare: called just before the headers are sent. */
function signalling (name: string): PrepareReceiver {
  return (request, response) => {
    if (!request.path.startsWith('/mw')) return
    const seen = response.headers.get('X-Signal')
    response.headers.set('X-Signal', seen === null ? name : `${seen},${name}`)
  }
}

async function mwHello () {
  return new Response({ text: 'hello' })
}

async function mwApps (request: FastifyRequest) {
  return jsonResponse({
    app: request.server.state.get(APP_NAME),
    apps: request.apps.map(app => app.state.get(APP_NAME)),
    trace: request.state.get(TRACE)
  })
}

async function mwStream (request: FastifyRequest) {
  const response = new StreamResponse()
  response.contentType = 'text/plain'
  await response.prepare(request)
  // too late: the headers are on their way
  response.headers.set('X-Too-Late', '1')
  await response.write('streamed')
  await response.writeEof()
  return response
}

async function mwRaise (request: FastifyRequest) {
  const { kind } = request.matchInfo
  switch (kind) {
    case 'bad': throw new HTTPBadRequest({ text: 'bad' })
    case 'teapot': throw new Teapot()
    case 'found': throw new HTTPFound('/elsewhere')
    case 'value': throw new RangeError('not a number')
    case 'crash': throw new Error('crash')
    case 'nocontent': throw new HTTPNoContent()
    default: return new Response({ text: `no ${kind}` })
  }
}

/** HTTP exceptions of status 400 and above, and RangeErrors (Python: ValueError), become JSON. */
const translate: Middleware = async (request, handler) => {
  try {
    return await handler(request)
  } catch (error) {
    if (error instanceof HTTPException && error.statusCode >= 400) {
      const { headers, reason, statusCode: status, text } = error
      const allow = headers.get('Allow')
      return jsonResponse({ error: status, reason, text }, { status, headers: allow === null ? {} : { Allow: allow } })
    }
    if (error instanceof RangeError) return jsonResponse({ error: 'value', text: error.message }, { status: 422 })
    throw error
  }
}

/** Everything needs a token; the token's name is handed on. */
const bearer: Middleware = async (request, handler) => {
  const [scheme, token] = partition(request.headers.authorization ?? '', ' ')
  if (scheme !== 'Bearer' || token === '') {
    throw new HTTPUnauthorized({ headers: { 'WWW-Authenticate': 'Bearer realm="oracle"' } })
  }
  if (token === 'bad') throw new HTTPForbidden()
  request.state.set(USER, token)
  return await handler(request)
}

/** Counts visits in a cookie, whatever the handler does. */
const session: Middleware = async (request, handler) => {
  const response = await handler(request)
  const visits = int(request.cookies.visits ?? '0') + 1
  response.setCookie('visits', String(visits), { path: '/mw' })
  return response
}

/** Hands a changed request on. */
const schemeOverride: Middleware = async (request, handler) => {
  const override = request.headers['x-scheme-override']
  return await handler(typeof override === 'string' ? request.clone({ scheme: override }) : request)
}

async function mwUser (request: FastifyRequest) {
  return new Response({ text: `user ${request.state.get(USER)}` })
}

async function mwScheme (request: FastifyRequest) {
  return new Response({ text: request.scheme })
}

async function mwLifecycle ({ server }: FastifyRequest) {
  return jsonResponse(server.state.get(APP_EVENTS))
}

/** root [root] -> /mw/outer [outer1, outer2] -> /mw/outer/inner [inner] */
export function addMiddlewares (app: FastifyInstance, root: string): void {
  app.onResponsePrepare(signalling('root'))

  async function inner (app: FastifyInstance) {
    app.addMiddleware(tracing('inner'))
    app.state.set(APP_NAME, 'inner')
    app.onResponsePrepare(signalling('inner'))
    app.addGet('/hello', mwHello)
    app.addGet('/apps', mwApps)
    app.addGet('/raise/{kind}', mwRaise)
  }

  app.addSubapp('/mw/outer', async outer => {
    outer.addMiddleware(tracing('outer1'))
    outer.addMiddleware(tracing('outer2'))
    outer.state.set(APP_NAME, 'outer')
    outer.onResponsePrepare(signalling('outer'))
    outer.addGet('/hello', mwHello)
    outer.addPost('/hello', mwHello)
    outer.addGet('/apps', mwApps)
    outer.addGet('/stream', mwStream)
    outer.addGet('/raise/{kind}', mwRaise)
    outer.addView('/view', ItemView)
    outer.addStatic('/files', path.join(root, 'static'))
    outer.addSubapp('/inner', inner)
  })

  // no middleware of its own: only the root's
  app.addSubapp('/mw/bare', async bare => {
    bare.state.set(APP_NAME, 'bare')
    bare.addGet('/hello', mwHello)
    bare.addGet('/apps', mwApps)
  })

  app.addSubapp('/mw/translate', async trans => {
    trans.addMiddleware(translate)
    trans.addGet('/raise/{kind}', mwRaise)
    trans.addPost('/form', mwHello)
  })

  app.addSubapp('/mw/auth', async auth => {
    auth.addMiddleware(bearer)
    auth.addGet('/user', mwUser)
    auth.addPost('/user', mwUser)
  })

  app.addSubapp('/mw/session', async sess => {
    sess.addMiddleware(session)
    sess.addGet('/hello', mwHello)
    sess.addGet('/raise/{kind}', mwRaise)
  })

  app.addSubapp('/mw/early', async early => {
    early.addMiddleware(schemeOverride)
    early.addGet('/scheme', mwScheme)
  })

  app.addGet('/mw/root', mwHello)
  app.addGet('/mw/lifecycle', mwLifecycle)
}

/**
 * Start-up hooks leave their names in the order they ran.
 *
 * Cleanup contexts run before start-up handlers; sub-applications run where they were added.
 */
export function addLifecycle (app: FastifyInstance): void {
  const events: string[] = []
  app.state.set(APP_EVENTS, events)

  const context = (name: string) => async function * () {
    events.push(name)
    yield
  }
  const startup = (name: string) => async () => {
    events.push(name)
  }

  app.onStartup(startup('root startup 1'))
  app.cleanupContext(context('root context'))
  app.addSubapp('/mw/life', async sub => {
    sub.onStartup(startup('sub startup'))
    sub.cleanupContext(context('sub context'))
  })
  app.onStartup(startup('root startup 2'))
}
