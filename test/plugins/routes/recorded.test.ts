/**
 * Route trees made by chance, and what aiohttp 3.14.3 made of requests to them (`recorded.json`): `ops` are
 * `[method, path, label]`, `["sub", prefix, ops]` or `["bad", path, method]`, which is refused; a request is
 * `[method, path, answer]`.
 */

import { readFileSync } from 'node:fs'
import type { FastifyInstance, HTTPMethods } from 'fastify'
import t, { type Test } from 'tap'
import exceptions from '../../../plugins/exceptions/index.ts'
import routes, { jsonRoute, rewriteUrl } from './helper.ts'
import { build } from '../../helper.ts'

type Op = ['sub', string, Op[]] | ['bad', string, string] | [method: string, path: string, label: string]
type Answer = { label: string, match: Record<string, string> } | { status: number, allow: string | null }
interface Recorded { ops: Op[], requests: [HTTPMethods, string, Answer][] }

const recorded: Recorded[] = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8'))

for (const late of [false, true]) {
  t.test(late ? 'routes that come in several goes end in the same order' : 'every request finds aiohttp\'s route', async t => {
    let total = 0
    for (const { ops, requests } of recorded) {
      const app = await load(t, ops, late)
      for (const [method, url, answer] of requests) {
        t.same(await ask(app, method, url, answer), answer, `${method} ${url} of ${JSON.stringify(ops)}`)
        total++
      }
    }
    t.ok(total > 1000)
  })
}

async function load (t: Test, ops: Op[], late: boolean) {
  const app = build(t, { rewriteUrl })
  await app.register(exceptions)
  await app.register(routes)
  await add(t, app, ops, late)
  await app.ready()
  return app
}

async function add (t: Test, app: FastifyInstance, ops: Op[], late: boolean) {
  for (const [what, path, rest] of ops) {
    if (typeof rest !== 'string') app.addSubapp(path, sub => add(t, sub, rest, late))
    else if (what === 'bad') t.throws(() => app.addRoutes([jsonRoute(rest, path, '')]), { code: /^AIO_ERR_ROUTE_/ })
    else app.addRoutes([jsonRoute(what, path, rest)])
    // Lets Fastify load what there is.
    if (late) await app.register(async () => {})
  }
}

/** What a request came to, written as in the recording; a HEAD has no body to see. */
async function ask (app: FastifyInstance, method: HTTPMethods, url: string, expected: Answer): Promise<Answer> {
  const response = await app.inject({ method: method as 'GET', url })
  if (response.statusCode !== 200) {
    return { status: response.statusCode, allow: response.headers.allow?.toString() ?? null }
  }
  if (method !== 'HEAD') return response.json()
  return 'label' in expected ? expected : { label: 'HEAD', match: {} }
}
