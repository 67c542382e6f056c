import t from 'tap'
import { TcpConnector } from '../../../../plugins/client-session/index.ts'
import { openSession, serve } from '../helper.ts'

const seed = Number(process.env.ABORT_SEED ?? 11)

/** Numbers from 0 to 1 that look random and are the same in every run. */
function generator (state: number): () => number {
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

for (const limits of [
  { limit: 3 }, { limit: 0, limitPerHost: 2 }, { limit: 4, limitPerHost: 2 }, { limit: 1, forceClose: true }
]) {
  t.test(`no place is lost, whenever requests are given up: ${JSON.stringify(limits)}`, async t => {
    const listener: Parameters<typeof serve>[1] = (request, response) => {
      response.write('begin')
      if (request.url !== '/hold') setTimeout(() => response.end('end'), 3)
    }
    const origins = [await serve(t, listener), await serve(t, listener)]
    const connector = new TcpConnector(limits)
    const session = openSession(t, { connector })
    const random = generator(seed)
    let [answered, aborted] = [0, 0]
    await Promise.all(Array.from({ length: 200 }, async (_, index) => {
      const aborter = new AbortController()
      const [start, abort, stop] = [random() * 200, random() * 12, random()]
      await new Promise(resolve => setTimeout(resolve, start))
      if (stop < 0.6) setTimeout(() => { aborter.abort() }, abort)
      try {
        const response = await session.get(origins[index % 2] ?? '', { signal: aborter.signal })
        // Some leave it unread, as people do.
        if (stop > 0.9) response.release()
        else t.equal(await response.text(), 'beginend')
        answered++
      } catch (error) {
        if ((error as Error).name !== 'AbortError') throw error
        aborted++
      }
    }))

    t.ok(answered > 20 && aborted > 20, `seed ${seed}: ${answered} answered, ${aborted} aborted`)
    t.match(connector.stats, { used: 0, waiting: 0 })
    const places = limits.limit === 0 ? 4 : limits.limit
    const responses = await Promise.all(Array.from({ length: places }, (_, index) => session.get(`${origins[index % 2]}/hold`)))
    t.equal(connector.stats.used, places, 'every place can be taken again')
    for (const response of responses) response.release()
  })
}
