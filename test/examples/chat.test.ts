import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import createApp from '../../examples/chat/app.ts'
import { AppRunner, TCPSite } from '../../plugins/runner/index.ts'
import { ChatRooms, type ChatClient } from '../../examples/chat/chat.ts'
import { kinds } from '../../examples/chat/exceptions.ts'

interface Frame { type: string, [key: string]: unknown }

async function setUp (t: Test) {
  const app = await createApp()
  t.teardown(() => app.close())
  return app
}

t.test('a URL that cannot be read is answered like every other error', async t => {
  const app = await setUp(t)
  const { statusCode, headers, body } = await app.inject('/%zz')

  t.equal(statusCode, 400)
  t.equal(headers['content-type'], 'text/plain; charset=utf-8')
  t.notMatch(body, /FST_ERR/)
})

/** A websocket that keeps its frames until they are asked for. */
async function connect (t: Test, port: number) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/socket`)
  t.teardown(() => ws.terminate())
  const frames: Frame[] = []
  ws.on('message', data => { frames.push(JSON.parse(String(data))); ws.emit('frame') })
  await once(ws, 'open')
  return {
    ws,
    send: (frame: unknown) => ws.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame)),
    /** The next frame of a type; those before it are dropped. */
    async next (type: string): Promise<Frame> {
      for (;;) {
        const frame = frames.shift()
        if (frame?.type === type) return frame
        if (frame === undefined) await once(ws, 'frame')
      }
    }
  }
}

/** Rooms, and a way to connect clients that keep what they were sent. */
function rooms () {
  const chat = new ChatRooms(['lobby', 'other'])
  return {
    connect (name?: string, room = 'lobby'): { client: ChatClient, frames: Frame[] } {
      const frames: Frame[] = []
      const client = chat.connect({ send: async frame => { frames.push(JSON.parse(frame)) }, close: () => {} })
      if (name !== undefined) client.receive(JSON.stringify({ type: 'join', room, name }))
      return { client, frames }
    }
  }
}

t.test('the page and all it needs is served under a strict policy', async t => {
  const app = await setUp(t)

  const page = await app.inject('/')
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-security-policy'], "default-src 'none'; script-src 'self'")
  t.notMatch(page.body, /<script>|<style|\son\w+=|style=/, 'nothing inline')
  const references = [...page.body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, reference]) => reference!)
  t.ok(references.length >= 3)
  for (const reference of references) {
    t.notMatch(reference, '//', 'nothing from elsewhere')
    t.equal((await app.inject(new URL(reference, 'http://chat/').pathname)).statusCode, 200, reference)
  }
})

t.test('two clients talk', async t => {
  const app = await setUp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const ada = await connect(t, port)
  const bob = await connect(t, port)

  t.same((await ada.next('rooms')).rooms, ['lobby', 'aiohttp', 'fastify'])
  ada.send({ type: 'join', room: 'lobby', name: 'Ada' })
  t.match(await ada.next('joined'), { room: 'lobby', name: 'Ada', people: ['Ada'], history: [] })
  bob.send({ type: 'join', room: 'lobby', name: 'ada' })
  t.match(await bob.next('joined'), { name: 'ada (2)', people: ['Ada', 'ada (2)'] })
  t.match(await ada.next('notice'), { kind: 'join', name: 'ada (2)', people: ['Ada', 'ada (2)'] })
  t.equal((await app.inject('/lifecycle')).json().websockets, 2)

  bob.send({ type: 'say', text: '<b>hi</b>' })
  t.match(await ada.next('message'), { name: 'ada (2)', text: '<b>hi</b>', room: 'lobby', at: Number })
  bob.ws.close()
  t.match(await ada.next('notice'), { kind: 'leave', name: 'ada (2)', people: ['Ada'] })
})

t.test('bad frames are answered, and the connection stays', async t => {
  const app = await setUp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = await connect(t, (app.server.address() as AddressInfo).port)

  for (const [frame, code] of [
    ['no json', 'not_json'],
    ['null', 'not_json'],
    ['[]', 'not_json'],
    [Buffer.from([0, 255]), 'not_json'],
    [{ type: 'toString' }, 'type_unknown'],
    [{ type: 'say', text: 'hi' }, 'not_joined'],
    [{ type: 'join', room: 'nope', name: 'Ada' }, 'room_unknown'],
    [{ type: 'join', room: 'lobby', name: 1 }, 'name_invalid'],
    [{ type: 'join', room: 'lobby', name: ' \u0007 ' }, 'name_empty'],
    [{ type: 'join', room: 'lobby', name: 'n'.repeat(33) }, 'name_too_long'],
    [{ type: 'say', text: 'x'.repeat(2001) }, 'message_too_long']
  ]) {
    client.send(frame)
    t.equal((await client.next('error')).code, code, JSON.stringify(frame))
  }
  client.send({ type: 'join', room: 'lobby', name: 'n'.repeat(32) })
  t.equal((await client.next('joined')).name, 'n'.repeat(32))
})

t.test('clients are told goodbye when the app closes', async t => {
  const app = await setUp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = await connect(t, (app.server.address() as AddressInfo).port)

  const closed = once(client.ws, 'close')
  await app.close()
  t.equal((await closed)[0], 1001)
})

t.test('every exception can be had', async t => {
  const app = await setUp(t)

  const listed: Array<{ name: string, status: number }> = (await app.inject('/exceptions')).json()
  t.equal(listed.length, kinds.length)
  t.ok(listed.length >= 50, String(listed.length))
  for (const { name, status } of listed) {
    t.equal((await app.inject(`/exceptions/${name}`)).statusCode, status, name)
    t.equal((await app.inject(`/answers/${name}`)).json().status, status)
  }
  t.equal((await app.inject('/exceptions/HTTPException')).statusCode, 404)
  t.equal((await app.inject('/exceptions/toString')).statusCode, 404)
})

t.test('an answer is in the format that was asked for', async t => {
  const app = await setUp(t)

  for (const accept of ['text/plain', 'application/problem+json', 'application/json', 'text/html']) {
    const { headers } = (await app.inject({ url: '/answers/HTTPInternalServerError', headers: { accept } })).json()
    t.match(headers['content-type'], accept)
  }
})

t.test('sites are those of the runner, or where the request came in', async t => {
  t.same((await (await setUp(t)).inject({ url: '/sites', headers: { host: 'demo.test' } })).json(),
    { sites: ['http://demo.test'] })

  const runner = new AppRunner(await createApp())
  t.teardown(() => runner.cleanup())
  await runner.setup()
  const sites = [1, 2].map(() => new TCPSite(runner, { host: '127.0.0.1', port: 0 }))
  for (const site of sites) await site.start()
  t.same((await runner.app.inject('/sites')).json(), { sites: sites.map(({ name }) => name) })
})

t.test('those in other rooms only learn that something was said', async t => {
  const { connect } = rooms()
  const ada = connect('Ada')
  const bob = connect('Bob', 'other')

  ada.client.receive('{"type":"say","text":"secret"}')
  t.same(bob.frames.at(-1), { type: 'activity', room: 'lobby' })
  t.match(ada.frames.at(-1), { type: 'message', text: 'secret' })
})

t.test('joining another room leaves the first', async t => {
  const { connect } = rooms()
  const ada = connect('Ada')
  const bob = connect('Bob')

  bob.client.receive('{"type":"join","room":"other","name":"Bob"}')
  t.match(ada.frames.at(-1), { type: 'notice', kind: 'leave', name: 'Bob', people: ['Ada'] })
})

t.test('a room remembers the last 50 messages', async t => {
  const { connect } = rooms()
  for (let client = 0; client < 4; client++) {
    const { client: talker } = connect(`Talker ${client}`)
    for (let number = 0; number < 15; number++) talker.receive(JSON.stringify({ type: 'say', text: `${client}/${number}` }))
  }

  const { history } = connect('Late').frames.at(-1) as unknown as { history: Array<{ text: string }> }
  t.equal(history.length, 50)
  t.equal(history[0]!.text, '0/10')
})

t.test('a client that talks too fast is told so', async t => {
  const { client, frames } = rooms().connect('Ada')
  for (let number = 0; number < 30; number++) client.receive('{"type":"say","text":"x"}')

  t.match(frames.at(-1), { type: 'error', code: 'too_fast' })
  t.equal(frames.filter(({ type }) => type === 'message').length, 19)
})

t.test('a client that takes nothing is given up', async t => {
  const chat = new ChatRooms(['lobby'])
  let closed = 0
  const slow = chat.connect({ send: () => new Promise(() => {}), close: () => { closed++ } })
  slow.receive('{"type":"join","room":"lobby","name":"Slow"}')
  for (let number = 0; number < 40; number++) {
    const other = chat.connect({ send: async () => {}, close: () => {} })
    other.receive('{"type":"join","room":"lobby","name":"Other"}')
    for (let message = 0; message < 15; message++) other.receive('{"type":"say","text":"x"}')
  }

  t.ok(closed > 0)
})

t.test('characters that turn the text around are taken out', async t => {
  const { client, frames } = rooms().connect('A\u202eda')
  client.receive(JSON.stringify({ type: 'say', text: ' a\u0000b\n\u2066c ' }))

  t.match(frames.at(-1), { name: 'Ada', text: 'ab\nc' })
})
