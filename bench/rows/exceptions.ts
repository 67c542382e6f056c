/** An answer that is thrown or returned as an exception, next to the same bytes by `reply.code().send()`. */

import { alternate, compare, type Entry } from '../compare.ts'
import { load } from '../load.ts'
import { Program } from '../program.ts'

export default {
  name: 'exceptions',
  async run ({ rounds, seconds }) {
    const server = await Program.fork('servers/web.ts', ['answers'])
    const ask = (path: string) => () => load(server, { path, status: 403, seconds })
    const samples = await alternate({ thrown: ask('/thrown'), returned: ask('/returned'), sent: ask('/sent') }, rounds)
    server.stop()
    const title = { against: 'reply.code().send()', goal: { least: 0.9 } }
    return [
      compare({ ...title, what: 'thrown HTTPForbidden' }, samples.thrown, samples.sent),
      compare({ ...title, what: 'returned HTTPForbidden' }, samples.returned, samples.sent)
    ]
  }
} satisfies Entry
