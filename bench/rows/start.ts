/** From the start of the process to its first answer. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { alternate, compare, type Entry, type Sample } from '../compare.ts'
import { pin } from '../program.ts'

async function start (file: string): Promise<Sample> {
  const begin = performance.now()
  const child = fork(new URL(`../servers/${file}`, import.meta.url), [], { execArgv: [] })
  pin(child.pid, '0')
  const [{ port }] = await once(child, 'message') as [{ port: number }]
  await (await fetch(`http://127.0.0.1:${port}/`)).text()
  const took = performance.now() - begin
  child.kill('SIGKILL')
  await once(child, 'exit')
  return { rate: took }
}

export default {
  name: 'start',
  async run ({ rounds }) {
    const samples = await alternate({
      ours: () => start('hello-bundle.mjs'), bare: () => start('hello-bare.mjs')
    }, rounds * 2)
    const title = { what: 'start to first answer, full bundle', against: 'bare Fastify', unit: 'ms' }
    return [compare({ ...title, goal: { most: 1.3 } }, samples.ours, samples.bare)]
  }
} satisfies Entry
