import t from 'tap'
import { encodeEvent, type ServerSentEvent } from '../../../plugins/sse/event.ts'

const cases: [what: string, event: ServerSentEvent, text: string][] = [
  ['a text', { data: 'hello' }, 'data: hello\n\n'],
  ['an empty text', { data: '' }, 'data: \n\n'],
  ['lines, however they end', { data: 'a\nb\r\nc\rd' }, 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
  ['an object, as JSON', { data: { price: 3 } }, 'data: {"price":3}\n\n'],
  ['null', { data: null }, 'data: null\n\n'],
  ['every field', { data: 'x', id: 7, event: 'tick', retry: 500 }, 'id: 7\nevent: tick\ndata: x\nretry: 500\n\n'],
  ['only a time to come back', { retry: 0 }, 'retry: 0\n\n'],
  ['no line breaks in id and event', { data: 'x', id: '1\r\ndata: y', event: 'a\nid: 2\0' },
    'id: 1data: y\nevent: aid: 2\ndata: x\n\n']
]

for (const [what, event, text] of cases) {
  t.test(`${what} is written down`, async t => {
    t.equal(encodeEvent(event, '\n'), text)
  })
}

t.test('lines end as asked for', async t => {
  t.equal(encodeEvent({ data: 'a\nb' }, '\r\n'), 'data: a\r\ndata: b\r\n\r\n')
})

t.test('what cannot be sent is an error that says why', async t => {
  const wrong: [event: object, message: RegExp][] = [
    [{}, /at least one field/],
    [{ data: undefined }, /at least one field/],
    [{ data: () => {} }, /"data".*JSON/],
    [{ retry: 1.5 }, /"retry".*whole number of milliseconds, got 1\.5/],
    [{ retry: '5' }, /"retry"/],
    [{ retry: -1 }, /"retry"/],
    [{ id: {} }, /"id".*a string/],
    [{ event: 5 }, /"event".*a string/],
    [{ data: 'x', name: 'tick' }, /"name".*data, id, event, retry/]
  ]
  for (const [event, message] of wrong) {
    t.throws(() => encodeEvent(event as never, '\n'), { code: 'AIO_ERR_EVENT_FIELD', message })
  }
})
