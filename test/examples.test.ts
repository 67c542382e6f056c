/** Every program of examples/ starts and answers; what it answers is asked in the tests of its plugin. */

import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import 'tsx'
import { AppRunner, TCPSite } from '../plugins/runner/index.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = path.join(root, 'examples')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts')).sort()

t.test('there is an example of nearly everything', async t => {
  t.ok(files.length > 10)
})

for (const file of files) {
  const source = readFileSync(path.join(folder, file), 'utf8')

  t.test(`${file} is short and says what it is`, async t => {
    t.match(source, /^\/\*\*[\s\S]*?@module/)
    // The chat and the polls are applications, not snippets.
    if (!/^(chat|polls)\//.test(file)) t.ok(source.split('\n').length <= 61, 'has at most 60 lines')
  })

  // Parts of applications, what needs a server or a while to start (its own test has it), and snippets about something
  // else than one app.
  const other = /^chat\/(?!app\.ts)|^polls\/|^job-queues\/|^companions\/|^testing\/todo\.test\.ts$|^articles\/(my-app-module|several-services)\.ts$/.test(file)
  if (other) continue
  t.test(`${file} starts and answers`, async t => {
    const { default: createApp }: { default: () => Promise<FastifyInstance> } = await import(`../examples/${file}`)
    const runner = new AppRunner(await createApp())
    t.teardown(() => runner.cleanup())
    await runner.setup()
    const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
    await site.start()

    const response = await fetch(`http://127.0.0.1:${site.port}/`)
    await response.arrayBuffer()

    // An example may well have nothing at "/": then 404 is its answer.
    t.ok(response.status < 500, `status ${response.status}`)
  })

  t.test(`${file} serves when it is run`, async t => {
    t.match(source, 'if (process.argv[1] === fileURLToPath(import.meta.url))')
  })
}
