/** Every recorded call of a client, made again: what the server saw, and what the caller got. */

import { readFileSync } from 'node:fs'
import t from 'tap'
import * as client from '../../../plugins/client-session/index.ts'
import { readCases } from './case.ts'
import { check, skipReason } from './check.ts'
import { differences, renderDifferences } from './differences.ts'
import { startServer } from './server.mjs'

const cases = readCases(new URL('cases.json', import.meta.url))
// Limits run out, servers hang: half a minute in all.
t.setTimeout(90_000)

const changes = new Map(differences.flatMap(({ cases }) => Object.entries(cases)))

t.test('every call goes as recorded, or as a named difference says', { timeout: 90_000 }, async t => {
  const server = await startServer()
  t.teardown(() => server.close())

  t.ok(cases.length > 400)
  for (const spec of cases) {
    await t.test(spec.name, { skip: skipReason(spec) ?? false }, async t => {
      let differences = await check(spec, server)
      // What overlaps, and what still fits into a time, depends on the machine: a busy one gets another try.
      const attempts = spec.max_active !== undefined || spec.section === 'timeouts' ? 4 : 1
      for (let attempt = 1; attempt < attempts && differences.length > 0; attempt++) {
        differences = await check(spec, server)
      }
      t.same(differences, [])
    })
  }
})

t.test('at least 95 % of the cases to be reproduced exactly are', async t => {
  const exact = cases.filter(({ port }) => port === 'exact')
  const otherwise = exact.filter(({ name }) => changes.has(name))

  t.ok(otherwise.length <= exact.length * 0.05, `${otherwise.length} of ${exact.length} go otherwise`)
})

t.test('a difference is about cases that there are, each of one rule', async t => {
  const names = new Set(cases.map(({ name }) => name))
  for (const name of changes.keys()) t.ok(names.has(name), name)
  t.equal(changes.size, differences.flatMap(({ cases }) => Object.keys(cases)).length)
})

t.test('what the interpreter does not know is a failure', async t => {
  const server = await startServer()
  t.teardown(() => server.close())
  const base = { name: 'x', section: 'x', port: 'exact', results: [], seen: [] } as const
  const strange = [
    { session: {}, steps: [{ op: 'fly' }] },
    { session: {}, steps: [{ url: '{http}/', wings: 2 }] },
    { session: { wings: 2 }, steps: [] },
    { session: { connector: { wings: 2 } }, steps: [] },
    { session: { middlewares: [{ wings: 2 }] }, steps: [] },
    { session: {}, steps: [{ url: '{http}/', read: 'wings' }] },
    { session: {}, steps: [{ url: '{http}/', report: ['wings'] }] },
    { session: {}, steps: [{ op: 'ws', url: '{http}/', wings: 2 }] },
    { session: {}, steps: [{ op: 'start', as: 'a', step: { op: 'fly' } }, { op: 'sleep', ms: 1 }] }
  ]
  for (const call of strange) {
    const [problem = ''] = await check({ ...base, call }, server)
    t.match(problem, /UnknownInCase: Unknown/, JSON.stringify(call))
  }
})

t.test('the classes of errors form the recorded tree', async t => {
  const { tree } = JSON.parse(readFileSync(new URL('exceptions.json', import.meta.url), 'utf8'))
  const walk = (branch: object, ancestors: readonly string[]) => {
    for (const [name, children] of Object.entries(branch)) {
      const Class: unknown = Reflect.get(client, name)
      if (name === 'WSMessageTypeError') continue
      if (!t.type(Class, 'function', name)) continue
      const error: unknown = Object.create((Class as { prototype: object }).prototype)
      for (const ancestor of ancestors) {
        t.ok(error instanceof (Reflect.get(client, ancestor) as new () => unknown), `${name} is a ${ancestor}`)
      }
      walk(children, [...ancestors, name])
    }
  }
  walk(tree, [])
})

t.test('docs/differences.md says so', async t => {
  const page = readFileSync(new URL('../../../docs/differences.md', import.meta.url), 'utf8')

  t.ok(page.includes(renderDifferences()), 'is written by test/parity/client/write-differences.ts')
})
