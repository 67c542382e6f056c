import t from 'tap'
import { HTTPExpectationFailed } from '../../../plugins/exceptions/index.ts'
import { AppRunner, TCPSite } from '../../../plugins/runner/index.ts'
import { Raw } from '../../raw.ts'
import { answering, listening } from './helper.ts'

const head = (path: string, expect = '100-continue') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: ${expect}\r\nContent-Length: 5\r\n\r\n`

t.test('a client that expects 100 gets it', async t => {
  const { port } = await listening(t, async request => await request.text())
  const raw = await Raw.open(t, { port })

  raw.write(head('/'))
  await raw.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
  raw.write('hello')

  await raw.until(/200 OK[^]*hello$/)
})

t.test('whatever else is expected is 417, and the connection lives on', async t => {
  const { port } = await listening(t, async request => await request.text())
  const raw = await Raw.open(t, { port })

  raw.write('GET / HTTP/1.1\r\nHost: x\r\nExpect: shoe-size=42\r\n\r\n')
  await raw.until(/417 Expectation Failed[^]*text\/plain; charset=utf-8[^]*\r\n\r\nUnknown Expect: shoe-size=42$/)
  raw.write('GET / HTTP/1.1\r\nHost: x\r\nExpect:\r\n\r\n')

  await raw.until(/200 OK/)
})

for (const server of ['app.listen()', 'a runner'] as const) {
  t.test(`expectHandler decides before the body is sent, behind ${server}`, async t => {
    const app = await answering(t, async request => await request.text())
    const handler = async (request: { text: () => Promise<string> }) => await request.text()
    app.post('/refuse', { expectHandler: () => { throw new HTTPExpectationFailed({ text: 'no' }) } }, handler)
    app.post('/answer', { expectHandler: async (_request, reply) => await reply.code(402).send('pay first') }, handler)
    app.post('/value', { expectHandler: () => 'instead' }, handler)
    app.post('/accept', { config: { expectHandler: async () => undefined } }, handler)
    let port = 0
    if (server === 'a runner') {
      const runner = new AppRunner(app)
      t.teardown(() => runner.cleanup())
      await runner.setup()
      const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
      await site.start()
      port = site.port!
    } else {
      await app.listen({ port: 0, host: '127.0.0.1' })
      port = (app.server.address() as { port: number }).port
    }
    const ask = async (path: string, until: RegExp) => {
      const raw = await Raw.open(t, { port })
      raw.write(head(path))
      const text = await raw.until(until)
      return { raw, text }
    }

    const answers = [['/refuse', /417[^]*no$/], ['/answer', /402[^]*pay first$/], ['/value', /200[^]*instead$/]] as const
    for (const [path, until] of answers) {
      const { raw, text } = await ask(path, until)
      t.notMatch(text, /100 Continue/)
      // Nobody knows whether the client will send its body all the same: what comes next cannot be told from it.
      t.match(text, /connection: close/i)
      await raw.ended
    }
    for (const path of ['/accept', '/other']) {
      const { raw } = await ask(path, /^HTTP\/1\.1 100 Continue\r\n\r\n$/)
      raw.write('hello')
      await raw.until(/200 OK[^]*hello$/)
    }
  })
}

t.test('without an expectation the handler is not asked', async t => {
  const app = await answering(t, async () => '')
  app.post('/refuse', { expectHandler: () => { throw new HTTPExpectationFailed() } }, async request => await request.text())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const raw = await Raw.open(t, { port: (app.server.address() as { port: number }).port })

  raw.write('POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello')
  await raw.until(/200 OK[^]*hello$/)
  raw.write('POST /refuse HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nworld')

  await raw.until(/200 OK[^]*world$/)
})

t.test('an expectHandler that is none is refused', async t => {
  const app = await answering(t, async () => '')

  t.throws(() => app.post('/x', { expectHandler: 'no' as never }, async () => ''), { code: 'AIO_ERR_OPTION_INVALID' })
})
