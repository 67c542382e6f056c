/** Every case of the corpus, whole and cut at every byte. */

import t from 'tap'
import { corpus, type Case } from './malformed-corpus.ts'
import { CountingServer, each } from './malformed-server.ts'

/** Where long cases are cut: near both ends, and now and then in between. */
function * cutsOf ({ raw }: Case): Iterable<number> {
  for (let cut = 1; cut < raw.length; cut++) {
    if (raw.length < 600 || cut < 60 || cut > raw.length - 20 || cut % 997 === 0) yield cut
  }
}

/** What differs from what must happen, or nothing. */
async function problem (server: CountingServer, item: Case, pieces: readonly string[]): Promise<string | null> {
  const { statuses, by: how, calls, text } = await server.talk(pieces, item.statuses.length)
  // Whoever goes on writing may see the connection break rather than end.
  const by = pieces.length > 2 && ['EPIPE', 'ECONNRESET'].includes(how) ? 'end' : how
  const wanted = `${item.statuses} ${item.calls} calls, ${item.closes ? 'end' : 'open'}`
  const found = `${statuses} ${calls} calls, ${by}`
  return wanted === found ? null : `wanted ${wanted}; found ${found}: ${text.slice(0, 300)}`
}

t.test('every malformed request is refused, every borderline one is read as written', async t => {
  const server = await CountingServer.start(t)
  t.ok(corpus.length >= 150)
  t.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length, 'names are unique')

  for (const item of corpus) t.equal(await problem(server, item, [item.raw]), null, item.name)
})

t.test('nothing changes when a request comes in two pieces, wherever it is cut', async t => {
  const server = await CountingServer.start(t)
  let count = 0

  await each(corpus, 4, async item => {
    const problems: string[] = []
    await each(cutsOf(item), 8, async cut => {
      count += 1
      const found = await problem(server, item, [item.raw.slice(0, cut), item.raw.slice(cut)])
      if (found !== null) problems.push(`at ${cut} ${found}`)
    })
    t.same(problems.slice(0, 3), [], item.name)
  })
  t.comment(`${count} cuts`)
})

t.test('nothing changes when a request comes byte by byte', async t => {
  const server = await CountingServer.start(t)

  await each(corpus.filter(({ raw }) => raw.length < 200), 16, async item => {
    t.equal(await problem(server, item, Array.from(item.raw)), null, item.name)
  })
})

t.test('what the router cannot read is answered by the renderer of exceptions', async t => {
  const server = await CountingServer.start(t)
  const ask = async (target: string) => {
    const { text, statuses, by, calls } = await server.talk([`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`], 1)
    t.match(text, /content-type: text\/plain; charset=utf-8\r\n/, target)
    t.match({ by, calls }, { by: 'open', calls: 0 }, target)
    return statuses[0]
  }

  for (const target of ['/%zz', '/%', '/%2', '/%c3%28', '/%ff', '/%ed%a0%80', '/a%zz/b?c=d', '/parameter/%e0%80%af']) {
    t.equal(await ask(target), 400, target)
  }
})
