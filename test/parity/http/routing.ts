/**
 * 2 routing: /r/..., and a route table.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { jsonResponse, Response, RouteTableDef, View } from '../../../app.ts'
import { flag, need } from './helpers.ts'

/** Answers which route was taken and what it captured. */
export function labelled (label: string) {
  return async (request: FastifyRequest) => jsonResponse({
    route: label,
    method: request.method,
    match: request.matchInfo
  })
}

/** Class-based view: one method of the class per HTTP method. */
export class ItemView extends View {
  async get () {
    return jsonResponse({ view: 'get', match: this.request.matchInfo })
  }

  async post () {
    return jsonResponse({ view: 'post', match: this.request.matchInfo })
  }

  async delete () {
    return new Response({ status: 204 })
  }
}

// A route table: routes are declared first and added to the application later.
const routes = new RouteTableDef()

routes.get('/r/table')(async function tableGet () {
  return jsonResponse({ route: 'table get' })
})

routes.post('/r/table')(async function tablePost () {
  return jsonResponse({ route: 'table post' })
})

routes.get('/r/table/no-head', { allowHead: false })(async function tableNoHead () {
  return jsonResponse({ route: 'table no-head' })
})

routes.route('*', '/r/table/any')(async function tableAny (request) {
  return jsonResponse({ route: 'table any', method: request.method })
})

routes.view('/r/table/view/{key}')(class TableView extends View {
  async get () {
    return jsonResponse({ view: 'table get', key: this.request.matchInfo.key })
  }

  async patch () {
    return jsonResponse({ view: 'table patch', key: this.request.matchInfo.key })
  }
})

/** Applications and static folders by name; their names live in their own tables. */
export interface Names {
  readonly subApps: Map<string, FastifyInstance>
  readonly mounts: Map<string, ReturnType<FastifyInstance['addStatic']>>
}

/**
 * Answers the URL built for a named route.
 *
 * Path: the route's name. Query: one item per path parameter; items whose name starts with "q." go into the query
 * string of the built URL. "absolute" is the built URL resolved against the URL of the request.
 */
function buildUrl ({ subApps }: Names) {
  return async (request: FastifyRequest) => {
    const { name: fullName = '' } = request.matchInfo
    const items = [...request.queryMulti]
    const params = Object.fromEntries(items.filter(([key]) => !key.startsWith('q.')))
    const query = items.filter(([key]) => key.startsWith('q.')).map(([key, value]) => [key.slice(2), value] as const)
    const inside = fullName.startsWith('sub.') ? subApps.get('sub') : undefined
    const name = inside === undefined ? fullName : fullName.slice(4)
    const url = (inside ?? request.server).urlFor(name, params, { query })
    return jsonResponse({ url, absolute: new URL(url, request.absoluteUrl).href })
  }
}

/** `mount` (name of the static mount), `file`, optional `version=0|1`. */
function buildStaticUrl ({ mounts }: Names) {
  return async (request: FastifyRequest) => {
    const query = request.queryMulti
    const resource = mounts.get(need(query, 'mount'))
    if (resource === undefined) throw new TypeError(`No static mount "${query.get('mount')}"`)
    const appendVersion = flag(query, 'version')
    const url = await resource.urlFor(need(query, 'file'), appendVersion === undefined ? {} : { appendVersion })
    return jsonResponse({ url })
  }
}

export function addRouting (app: FastifyInstance, names: Names): void {
  // fixed paths; the same path once more with another method
  app.addGet('/r/plain', labelled('plain get'), { name: 'plain' })
  app.addPost('/r/plain', labelled('plain post'))
  app.addPut('/r/put-only', labelled('put-only'))
  app.addDelete('/r/delete-only', labelled('delete-only'))
  app.addPatch('/r/patch-only', labelled('patch-only'))
  app.addOptions('/r/options', labelled('options'))
  app.addGet('/r/options', labelled('options get'))
  app.addGet('/r/trailing/', labelled('trailing'))
  app.addGet('/r/Case', labelled('case'))

  // a GET route answers HEAD as well, unless told not to
  app.addGet('/r/head', labelled('head'))
  app.addGet('/r/no-head', labelled('no-head'), { allowHead: false })

  // any method; an extension method
  app.addRoute('*', '/r/any', labelled('any'))
  app.addRoute('PROPFIND', '/r/dav', labelled('dav propfind'))

  // one variable is one non-empty path segment, or a part of one
  app.addGet('/r/user/{id}', labelled('user'), { name: 'user' })
  app.addGet('/r/user/{id}/post/{post}', labelled('user post'), { name: 'user-post' })
  app.addPost('/r/user/{id}', labelled('user create'))
  app.addGet('/r/pair/{a}-{b}', labelled('pair'), { name: 'pair' })
  app.addGet('/r/ext/{stem}.{ext}', labelled('ext'), { name: 'ext' })
  app.addGet('/r/pre{x}post', labelled('prepost'))
  app.addGet('/r/mid/{x}/end', labelled('mid end'))

  // a variable with a regular expression, which must match the whole value
  app.addGet('/r/num/{id:\\d+}', labelled('num'), { name: 'num' })
  app.addGet('/r/code/{code:[a-z]{2,4}}', labelled('code'), { name: 'code' })
  app.addGet('/r/kind/{kind:cat|dog}', labelled('kind'))
  app.addGet('/r/file/{path:.+\\.txt}', labelled('file txt'))
  app.addGet('/r/date/{y:\\d{4}}/{m:\\d{2}}', labelled('date'), { name: 'date' })

  // the tail of the path
  app.addGet('/r/tail/{tail:.*}', labelled('tail'), { name: 'tail' })
  app.addRoute('*', '/r/tailmix/{a}/{rest:.+}', labelled('tailmix'))

  // decoding: fixed paths are compared decoded, except for an encoded slash
  app.addGet('/r/pct/{x}', labelled('pct'), { name: 'pct' })
  app.addGet('/r/münchen', labelled('muenchen'))
  app.addGet('/r/with space', labelled('with space'))
  app.addGet('/r/a+b', labelled('a plus b'))
  app.addGet('/r/enc%2Fslash', labelled('encoded slash'))

  // priorities: a fixed path beats a variable one whatever the order of registration; a longer fixed part beats a
  // shorter one; else the order of registration decides
  app.addGet('/r/prio/{name}', labelled('prio variable'))
  app.addGet('/r/prio/me', labelled('prio fixed'))
  app.addGet('/r/prio2/{name:\\d+}', labelled('prio2 digits'))
  app.addGet('/r/prio2/{name}', labelled('prio2 any'))
  app.addGet('/r/prio3/{tail:.*}', labelled('prio3 tail'))
  app.addGet('/r/prio3/deep/{name}', labelled('prio3 deep'))
  app.addGet('/r/prio4/{name}', labelled('prio4 first'))
  app.addGet('/r/prio4/{other}', labelled('prio4 second'))

  // methods are looked at after paths: a route with the wrong method does not hide another route that matches; the
  // Allow header is the union
  app.addGet('/r/union/me', labelled('union fixed get'))
  app.addPost('/r/union/{name}', labelled('union variable post'))
  app.addDelete('/r/union/{tail:.*}', labelled('union tail delete'))

  // class-based views
  app.addView('/r/view', ItemView)
  app.addView('/r/view/{id}', ItemView, { name: 'item' })
  // a view behind one method only
  app.addGet('/r/get-view', ItemView)

  app.addGet('/r/url/{name}', buildUrl(names))
  app.addGet('/r/static-url', buildStaticUrl(names))
  app.addRoutes(routes)
}
