/** Whoever connects to a Unix socket while its site stops is served or finds nobody, and is never cut off. */

import { connect } from 'node:net'
import { join } from 'node:path'
import Fastify from 'fastify'
import t from 'tap'
import { AppRunner, UnixSite } from '../../../plugins/runner/index.ts'
import { shortFolder } from '../../helper.ts'

/** What became of one request on a connection of its own. */
function ask (path: string): Promise<string> {
  return new Promise(resolve => {
    let answer = ''
    const socket = connect(path)
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi')
    socket.on('data', piece => { answer += String(piece) })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
    socket.once('close', () => resolve(answer.slice(0, 12) || 'nothing'))
  })
}

t.test('a Unix site that stops under load resets nobody', async t => {
  const outcomes = new Map<string, number>()
  for (let round = 0; round < 5; round += 1) {
    const app = Fastify()
    app.addContentTypeParser('*', (_request, payload, done) => { payload.resume().once('end', () => done(null)) })
    app.post('/', async () => 'served')
    const path = join(shortFolder(t), 's')
    const asked: Promise<string>[] = []
    const stop = new AbortController()
    const askOn = () => {
      asked.push(ask(path), ask(path), ask(path))
      if (!stop.signal.aborted) setImmediate(askOn)
    }
    const runner = new AppRunner(app, {
      onPhase: phase => {
        if (phase === 'lame') askOn()
        if (phase === 'drain') stop.abort()
      },
      shutdownDelay: 20
    })
    await runner.setup()
    await new UnixSite(runner, path).start()
    await runner.cleanup()
    for (const outcome of await Promise.all(asked)) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }

  const clean = new Set(['HTTP/1.1 200', 'ENOENT', 'EAGAIN'])
  t.same([...outcomes.keys()].filter(outcome => !clean.has(outcome)), [], JSON.stringify([...outcomes]))
  t.ok(outcomes.has('HTTP/1.1 200'))
})
