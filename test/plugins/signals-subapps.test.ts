/** Receivers of an app with three sub-applications, each doing one thing or another, against a model. */

import t from 'tap'
import { CleanupError, Signals } from '../../plugins/signals/index.ts'

/** An app, as far as signals know one. */
interface Node {
  readonly name: string
  readonly children: readonly Node[]
}

const leaf = (name: string): Node => ({ name, children: [] })
const tree: Node = { name: 'root', children: [leaf('a'), { name: 'b', children: [leaf('c')] }] }
const apps = ['root', 'a', 'b', 'c']

// Far above what a busy machine makes of the late receivers' five milliseconds.
const LIMIT = 1_000
const boom = () => Object.assign(new Error('boom'), { code: 'BOOM' })
const after = (ms: number) => new Promise<void>(resolve => { setTimeout(resolve, ms) })

/** What a receiver does, and the code of the error that comes of it; `limited` where a time limit is needed. */
const variants: Record<string, { does: () => unknown, code?: string, limited?: boolean }> = {
  sync: { does: () => {} },
  async: { does: async () => {} },
  'throws sync': { does: () => { throw boom() }, code: 'BOOM' },
  rejects: { does: () => Promise.reject(boom()), code: 'BOOM' },
  'never settles': { does: () => new Promise(() => {}), code: 'AIO_ERR_HOOK_TIMEOUT', limited: true },
  'settles late': { does: () => after(5) },
  'returns truthy': { does: () => true },
  // eslint-disable-next-line no-throw-literal
  'throws non-Error': { does: () => { throw 'boom' }, code: 'AIO_ERR_HOOK_THROWN' }
}

const kinds = ['enter', 'startup', 'shutdown', 'exit', 'cleanup'] as const
type Kind = typeof kinds[number]

/** What is done by which receiver; the others return at once. */
type Plan = ReadonlyMap<string, string>

interface Outcome {
  readonly log: readonly string[]
  readonly codes: readonly (readonly string[])[]
}

/** Contexts and startup have no limit of ours: what never settles there is for the caller to end. */
function possible (kind: Kind, variant: string): boolean {
  return variants[variant]?.limited !== true || !['enter', 'startup'].includes(kind)
}

/** Every variant at every receiver alone, then pairs of them. */
function plans (): Plan[] {
  const points = apps.flatMap(app => kinds.flatMap(kind => Object.keys(variants)
    .filter(variant => possible(kind, variant))
    .map(variant => [`${kind} ${app}`, variant] as const)))
  // A stride that has no factor in common with the number of points meets all kinds of pairs.
  const pairs = points.flatMap((point, index) => [37, 61, 89].map(stride =>
    new Map([point, points[(index * 7 + stride) % points.length] ?? point])))
  return [...points.map(point => new Map([point])), ...pairs]
}

/** Plays the life of the tree: startup, shutdown, cleanup. */
async function play (plan: Plan): Promise<Outcome> {
  const signals = new Signals<object>(LIMIT)
  const log: string[] = []
  const step = (name: string) => {
    log.push(name)
    return variants[plan.get(name) ?? 'sync']?.does()
  }
  const fill = (app: object, { name, children }: Node) => {
    signals.addCleanup(app, () => step(`cleanup ${name}`))
    signals.addShutdown(app, () => step(`shutdown ${name}`))
    signals.addStartup(app, () => step(`startup ${name}`))
    signals.addContext(app, async () => {
      await step(`enter ${name}`)
      return { [Symbol.asyncDispose]: async () => { await step(`exit ${name}`) } }
    })
    for (const child of children) {
      const own = Object.create(app)
      signals.branch(app)(own)
      fill(own, child)
    }
  }
  fill({}, tree)
  const codes: string[][] = []
  for (const call of [() => signals.startup(), () => signals.shutdown(), () => signals.cleanup()]) {
    codes.push(await call().then(() => [], (error: unknown) => codesOf(error)))
  }
  return { log, codes }
}

function codesOf (error: unknown): string[] {
  return error instanceof CleanupError ? error.errors.flatMap(codesOf) : [String(Object(error).code)]
}

/** What should happen. */
function model (plan: Plan): Outcome {
  const log: string[] = []
  const entered: string[] = []
  const codeOf = (name: string) => variants[plan.get(name) ?? 'sync']?.code
  const step = (name: string): string[] => {
    log.push(name)
    return [codeOf(name) ?? []].flat()
  }
  const start = ({ name, children }: Node): string[] => {
    const failed = step(`enter ${name}`)
    if (failed.length > 0) return failed
    entered.unshift(name)
    const errors = step(`startup ${name}`)
    for (const child of children) if (errors.length === 0) errors.push(...start(child))
    return errors
  }
  const shut = ({ name, children }: Node): string[] => [...step(`shutdown ${name}`), ...children.flatMap(shut)]
  const clean = ({ name, children }: Node): string[] =>
    [...step(`exit ${name}`), ...step(`cleanup ${name}`), ...children.flatMap(clean)]

  const failed = start(tree)
  if (failed.length === 0) return { log, codes: [[], shut(tree), clean(tree)] }
  return { log, codes: [[...failed, ...entered.flatMap(name => step(`exit ${name}`))], [], []] }
}

t.test('whatever the receivers of three sub-applications do, order and errors are those of the model', async t => {
  const all = plans()
  const outcomes = await Promise.all(all.map(play))

  t.ok(all.length >= 400, `${all.length} combinations`)
  for (const [index, plan] of all.entries()) t.same(outcomes[index], model(plan), Array.from(plan).join('; '))
})
