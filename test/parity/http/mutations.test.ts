/**
 * Seeded mutations of the corpus: no crash, no hang, and never more handler calls than requests.
 *
 * `TEST_MUTATIONS=10000` for all of them, `TEST_SEED=N` for others.
 */

import t from 'tap'
import { corpus } from './malformed-corpus.ts'
import { CountingServer, each, type Outcome } from './malformed-server.ts'

const count = Number(process.env.TEST_MUTATIONS ?? 2000)
const seed = Number(process.env.TEST_SEED ?? 1)

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
function randomFrom (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

const interesting = [
  '\r', '\n', '\r\n', '\0', ' ', '\t', ':', ',', ';', '0', '5', '\xff', '%', '/', 'Host: y\r\n', '\r\n\r\n'
]

/** One to four mutations of one or two cases, in one to three pieces. */
function mutate (random: () => number): string[] {
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <Item>(items: readonly Item[]) => items[below(items.length)] as Item
  let text = pick(corpus).raw
  if (random() < 0.2) text += pick(corpus).raw
  for (let left = 1 + below(4); left > 0; left--) {
    const at = below(text.length + 1)
    const byte = random() < 0.5 ? pick(interesting) : String.fromCharCode(below(256))
    const operation = below(4)
    if (operation === 0) text = text.slice(0, at) + text.slice(at + 1 + below(3))
    else if (operation === 1) text = text.slice(0, at) + byte + text.slice(at)
    else if (operation === 2) text = text.slice(0, at) + byte + text.slice(at + 1)
    else text = text.slice(0, at) + text.slice(below(at + 1), at) + text.slice(at)
  }
  const pieces = [text]
  for (let cuts = below(3); cuts > 0; cuts--) {
    const last = pieces.pop() ?? ''
    const at = below(last.length + 1)
    pieces.push(last.slice(0, at), last.slice(at))
  }
  return pieces.filter(piece => piece !== '')
}

/** At most this many requests can be in a text: only these versions come through, wherever they stand. */
function mostRequests (text: string): number {
  return text.match(/HTTP\/1\.[01]\r\n/g)?.length ?? 0
}

/** What is wrong with how a connection ended, or nothing. */
function problem (text: string, { by, calls, statuses }: Outcome & { calls: number }): string | null {
  const finals = statuses.filter(status => status >= 200)
  if (by === 'timeout') return 'neither answered nor closed'
  // A handler that does not wait for a body runs before the body turns out to be broken.
  if (calls > mostRequests(text) || calls > finals.length) return `${calls} handler calls for ${statuses}`
  if (finals.slice(0, -1).some(status => status > 417)) return `answers after a refusal: ${statuses}`
  return null
}

t.test('mutations crash nothing, hang nothing, and call no handler twice', async t => {
  // Half requests are ended by the limit of time: short, so that every connection ends.
  const server = await CountingServer.start(t, {
    hardening: { headersTimeout: 400, requestTimeout: 400 }, keepAliveTimeout: 300
  })
  const random = randomFrom(seed)
  const problems: string[] = []

  await each(Array.from({ length: count }, () => mutate(random)), 100, async pieces => {
    const found = problem(pieces.join(''), await server.talk(pieces, Infinity, 2000))
    if (found !== null) problems.push(`${found}: ${JSON.stringify(pieces).slice(0, 500)}`)
  })

  t.same(problems.slice(0, 5), [], `${count} mutations, seed ${seed}`)
  t.same((await server.talk(['GET / HTTP/1.1\r\nHost: x\r\n\r\n'], 1)).statuses, [200], 'the server lives')
})
