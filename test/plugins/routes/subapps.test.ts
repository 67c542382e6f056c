import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import { AppKey, type Subapp } from '../../../app.ts'
import { buildRoutes, jsonRoute, labelled } from './helper.ts'

const NAME = new AppKey<string>('name')
const COLOUR = new AppKey<string>('colour')

t.test('a sub-application has its own routes, below its prefix and nowhere else', async t => {
  const app = await buildRoutes(t)
  app.addSubapp('/sub/', async sub => {
    sub.addRoutes([jsonRoute('GET', '/', 'slash'), jsonRoute('POST', '/item/{id}', 'item')])
    sub.addSubapp('/inner', async inner => inner.addRoutes([jsonRoute('GET', '', 'empty')]))
  })
  app.addGet('/sub/outside', labelled('outside'))
  app.addGet('/{tail:.*}', labelled('tail'))

  const label = async (url: string) => {
    const response = await app.inject(url)
    return response.statusCode === 200 ? response.json().label : response.statusCode
  }
  t.equal(await label('/sub/'), 'slash')
  t.equal(await label('/sub'), 404)
  t.equal(await label('/sub/inner'), 'empty')
  t.equal(await label('/sub/inner/'), 404)
  t.equal(await label('/sub/outside'), 'outside', 'more specific')
  t.equal(await label('/sub/nothing'), 404, 'the parent is not asked')
  t.equal(await label('/subway'), 'tail')
  t.equal(await label('/sub/item/1'), 405)
})

t.test('hooks and error handlers of a sub-application see its 404 and 405', async t => {
  const app = await buildRoutes(t)
  app.addSubapp('/sub', async sub => {
    sub.addHook('onSend', async (_request, reply) => { reply.header('x-sub', 'seen') })
    sub.addPost('/x', labelled('x'))
  })

  for (const [method, url] of [['GET', '/sub/x'], ['GET', '/sub/y'], ['PURGE', '/sub/x'], ['GET', '/sub']] as const) {
    t.equal((await app.inject({ method: method as 'GET', url })).headers['x-sub'], 'seen', `${method} ${url}`)
  }
  t.notOk((await app.inject('/other')).headers['x-sub'])
})

t.test('state is looked up from the inside to the outside, and request.apps tells the way', async t => {
  const app = await buildRoutes(t)
  app.state.set(NAME, 'root')
  app.state.set(COLOUR, 'red')
  const who = async ({ apps, server }: FastifyRequest) =>
    ({ apps: apps.map(({ state }) => state.get(NAME)), colour: server.state.get(COLOUR) })
  app.addGet('/who', who)
  app.addSubapp('/sub', async sub => {
    sub.state.set(NAME, 'sub')
    sub.addSubapp('/inner', async inner => {
      inner.state.set(NAME, 'inner')
      inner.state.set(COLOUR, 'blue')
      inner.addGet('/who', who)
    })
  })

  t.same((await app.inject('/who')).json(), { apps: ['root'], colour: 'red' })
  t.same((await app.inject('/sub/inner/who')).json(), { apps: ['root', 'sub', 'inner'], colour: 'blue' })
})

t.test('names belong to a sub-application, URLs have all prefixes', async t => {
  const app = await buildRoutes(t)
  app.addGet('/item/{id}', labelled('root'), { name: 'item' })
  app.addSubapp('/sub', async sub => {
    sub.addGet('/item/{id}', labelled('sub'), { name: 'item' })
    sub.addGet('/url', async () => ({ url: sub.urlFor('item', { id: 1 }) }))
  })

  t.equal((await app.inject('/sub/url')).json().url, '/sub/item/1')
  t.equal(app.urlFor('item', { id: 1 }), '/item/1')
})

t.test('signals of a sub-application are sent at its place among those of its parent', async t => {
  const log: string[] = []
  const app = await buildRoutes(t)
  signal(app, 'root1', log)
  app.addSubapp('/a', async a => {
    signal(a, 'a1', log)
    a.addSubapp('/b', async b => signal(b, 'b', log))
    signal(a, 'a2', log)
  })
  signal(app, 'root2', log)

  await app.ready()
  t.same(log.splice(0), [
    'enter root1', 'enter root2', 'startup root1',
    'enter a1', 'enter a2', 'startup a1', 'enter b', 'startup b', 'startup a2', 'startup root2'
  ])
  await app.close()
  t.same(log, [
    'shutdown root1', 'shutdown a1', 'shutdown b', 'shutdown a2', 'shutdown root2',
    'leave root2', 'leave root1', 'cleanup root1',
    'leave a2', 'leave a1', 'cleanup a1', 'leave b', 'cleanup b', 'cleanup a2', 'cleanup root2'
  ])
})

t.test('when a sub-application fails to start, the contexts of both are left', async t => {
  const log: string[] = []
  const app = await buildRoutes(t)
  signal(app, 'root', log)
  app.addSubapp('/sub', async sub => {
    signal(sub, 'sub', log)
    sub.onStartup(() => { throw new Error('no database') })
  })
  app.onStartup(() => log.push('never'))

  await t.rejects(async () => { await app.ready() }, { message: 'no database' })
  t.same(log, ['enter root', 'startup root', 'enter sub', 'startup sub', 'leave sub', 'leave root'])
})

t.test('contexts of a sub-application may be added until its own have been entered', async t => {
  const log: string[] = []
  const app = await buildRoutes(t)
  app.addSubapp('/sub', async sub => {
    app.onStartup(() => sub.cleanupContext(async function * late () { yield log.push('too late') }))
    sub.cleanupContext(async function * first () {
      sub.cleanupContext(async function * second () { yield log.push('second') })
      yield log.push('first')
    })
  })

  await t.rejects(async () => { await app.ready() }, { code: 'AIO_ERR_APP_FROZEN' })
  t.same(log, ['first', 'second'])
})

t.test('onResponsePrepare runs from the outside to the inside', async t => {
  const app = await buildRoutes(t)
  app.onResponsePrepare((_request, { headers }) => headers.append('x-signal', 'root'))
  app.addSubapp('/sub', async sub => {
    sub.onResponsePrepare((_request, { headers }) => headers.append('x-signal', 'sub'))
    sub.addGet('/x', labelled('x'))
  })

  for (const url of ['/sub/x', '/sub/404']) t.match(String((await app.inject(url)).headers['x-signal']), /^root,\s?sub$/)
})

t.test('a domain has its requests to itself, whatever the case or the port', async t => {
  const app = await buildRoutes(t)
  app.get('/fastify', async () => ({ label: 'fastify' }))
  app.addGet('/x', labelled('root'))
  app.addDomain('api.example.test', async api => {
    api.addGet('/x', labelled('api'))
    api.addPost('/post', labelled('post'))
    api.get('/own', async () => ({ label: 'own' }))
  })
  app.addDomain('*.wild.test', async wild => wild.addGet('/{n:\\d+}', labelled('wild')))

  const ask = async (host: string, url: string) => {
    const response = await app.inject({ url, headers: { host } })
    return response.statusCode === 200 ? response.json().label : [response.statusCode, response.headers.allow]
  }
  t.equal(await ask('other.test', '/x'), 'root')
  t.equal(await ask('API.example.test:8080', '/x'), 'api')
  t.equal(await ask('api.example.test', '/own'), 'own')
  t.same(await ask('api.example.test', '/post'), [405, 'POST'])
  t.same(await ask('api.example.test', '/fastify'), [404, undefined], 'routes of the root are not tried')
  t.equal(await ask('a.wild.test', '/7'), 'wild')
  t.same(await ask('a.wild.test', '/x'), [404, undefined])
  t.same(await ask('wild.test', '/7'), [404, undefined])
  t.same(await ask('other.test', '/own'), [404, undefined])
  t.equal((await app.inject({ method: 'POST', url: '/own', headers: { host: 'other.test' } })).statusCode, 404)
})

t.test('sub-applications are given their options, and may be plugins', async t => {
  const app = await buildRoutes(t)
  const subapp: Subapp = async (sub, options: { label: string }) => sub.addGet('/', labelled(options.label))
  app.addSubapp('/a', subapp, { label: 'a' })
  await app.register(async child => child.addSubapp('/b', subapp, { label: 'b' }), { prefix: '/outer' })

  t.equal((await app.inject('/a/')).json().label, 'a')
  t.equal((await app.inject('/outer/b/')).json().label, 'b')
})

t.test('what is wrong with a sub-application is told', async t => {
  const app = await buildRoutes(t)
  const nothing = async () => {}

  for (const prefix of ['', '/', '//', 'sub', '/{x}']) {
    t.throws(() => app.addSubapp(prefix, nothing), { code: 'AIO_ERR_ROUTE_PATH' }, prefix)
  }
  t.throws(() => app.addSubapp(null as never, nothing), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => app.addSubapp('/sub', {} as never), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => app.addDomain('a..b', nothing), { code: 'AIO_ERR_DOMAIN' })
  app.addSubapp('/sub', async sub => {
    t.throws(() => sub.addDomain('a.b', nothing), { code: 'AIO_ERR_DOMAIN' }, 'domains are the root\'s')
  })
  await app.ready()
})

t.test('a sub-application that fails to load keeps the app from starting', async t => {
  const app = await buildRoutes(t)
  app.addSubapp('/sub', async () => { throw new Error('broken') })

  await t.rejects(async () => { await app.ready() }, { message: 'broken' })
})

function signal (app: FastifyInstance, name: string, log: string[]) {
  app.onStartup(() => log.push(`startup ${name}`))
  app.onShutdown(() => log.push(`shutdown ${name}`))
  app.onCleanup(() => log.push(`cleanup ${name}`))
  app.cleanupContext(async function * () {
    log.push(`enter ${name}`)
    yield
    log.push(`leave ${name}`)
  })
}
