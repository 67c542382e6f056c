import type { FastifyRequest } from 'fastify'
import t from 'tap'
import {
  del, get, head, options, patch, post, put, route, RouteTableDef, staticFiles, view, View, type RouteDef
} from '../../../plugins/routes/index.ts'

const handler = async () => 'ok'
class Empty extends View {}

t.test('each function makes a definition for its method', async t => {
  for (const [define, method] of [
    [get, 'GET'], [head, 'HEAD'], [post, 'POST'], [put, 'PUT'], [patch, 'PATCH'], [del, 'DELETE'], [options, 'OPTIONS']
  ] as const) {
    t.match(define('/x', handler, { name: 'x' }), { kind: 'route', method, path: '/x', handler, options: { name: 'x' } })
  }
  t.match(route('propfind', '', handler), { method: 'PROPFIND', path: '', options: {} })
  t.match(view('/x', Empty), { method: '*', handler: Empty })
  t.match(staticFiles('/x', '/tmp', { name: 'x' }), { kind: 'static', prefix: '/x', path: '/tmp', options: { name: 'x' } })
  t.ok(Object.isFrozen(get('/x', handler)))
})

t.test('a handler may ask for a request with parameters', async t => {
  const typed = async ({ params }: FastifyRequest<{ Params: { id: string } }>) => params.id
  t.equal(get('/{id}', typed).handler, typed)
  // @ts-expect-error -- a text is no handler
  t.throws(() => get('/', 'text'), { code: 'AIO_ERR_ROUTE_HANDLER' })
})

t.test('whatever is wrong is told where the route is written', async t => {
  const bad = (...args: unknown[]) => () => Reflect.apply(route, null, args)

  for (const method of ['', 'GE T', 'GET,POST', 7, null]) {
    t.throws(bad(method, '/', handler), { code: 'AIO_ERR_ROUTE_METHOD' })
  }
  for (const path of ['x', null, '/{']) t.throws(bad('GET', path, handler), { code: 'AIO_ERR_ROUTE_PATH' })
  for (const target of [undefined, {}, class { get () {} }]) {
    t.throws(bad('GET', '/', target), { code: 'AIO_ERR_ROUTE_HANDLER' })
  }
  for (const wrong of [null, 7, { name: 7 }, { allowHead: 'yes' }]) {
    t.throws(bad('GET', '/', handler, wrong), { code: 'AIO_ERR_OPTION_INVALID' })
  }
  const folder = new URL('file:///tmp')
  t.equal(staticFiles('/x', folder).path, folder)
  t.throws(() => staticFiles('x', '/tmp'), { code: 'AIO_ERR_ROUTE_PATH' })
})

t.test('a table is a list that grows', async t => {
  const routes = new RouteTableDef()
  routes.get('/get', { allowHead: false })(handler)
  routes.head('/head')(handler)
  routes.post('/post')(handler)
  routes.put('/put')(handler)
  routes.patch('/patch')(handler)
  routes.delete('/delete')(handler)
  routes.options('/options')(handler)
  routes.route('*', '/any')(handler)
  routes.view('/view')(Empty)
  routes.static('/static', '/tmp')

  const methods = [...routes].map(def => def.kind === 'route' ? def.method : def.kind)
  t.same(methods, ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', '*', '*', 'static'])
  t.equal(routes.length, 10)
  t.match(routes.at(0), { path: '/get', options: { allowHead: false } })
  const last = routes.at(-1)!
  t.ok(routes.includes(last))
  t.equal(routes.indexOf(last), 9)
})

t.test('decorators: a static method belongs to its class, any other to the object', async t => {
  const routes = new RouteTableDef()

  @routes.view('/view')
  class Item extends View {
    async get () { return 'view' }
  }

  class Handlers {
    static greeting = 'Hello'
    readonly name: string

    constructor (name: string) {
      this.name = name
    }

    @routes.get('/static')
    static async greet () { return this.greeting }

    @routes.post('/own')
    async own () { return this.name }
  }

  t.same(paths(routes), ['/view', '/static'], 'no object yet')
  const objects = [new Handlers('a'), new Handlers('b')]
  t.same(paths(routes), ['/view', '/static', '/own', '/own'])
  t.equal(await call(routes, 1), 'Hello')
  t.equal(await call(routes, 2), 'a')
  t.equal(await call(routes, 3), 'b')
  t.equal(objects.length, 2)
  t.match(routes.at(0), { handler: Item })
})

t.test('a decorator on what is no handler says so, at once', async t => {
  const routes = new RouteTableDef()
  t.throws(() => {
    class Wrong {
      // @ts-expect-error -- a field is no handler
      @routes.get('/')
      field = 1
    }
    return Wrong
  }, { code: 'AIO_ERR_DECORATOR' })
  t.throws(() => {
    class Wrong {
      @routes.get('no slash')
      async method () {}
    }
    return Wrong
  }, { code: 'AIO_ERR_ROUTE_PATH' })
})

function paths (routes: RouteTableDef): string[] {
  return [...routes].map(({ path }) => String(path))
}

function call (routes: RouteTableDef, index: number): unknown {
  return Reflect.apply((routes.at(index) as RouteDef).handler, undefined, [])
}
