import t from 'tap'
import { Headers } from '../../lib/headers.ts'

t.test('names have no case, and every value keeps its own line', async t => {
  const headers = new Headers({ 'WWW-Authenticate': ['Basic', 'Bearer'], Age: 1 })
  headers.append('www-authenticate', 'Digest')

  t.equal(headers.get('WWW-AUTHENTICATE'), 'Basic, Bearer, Digest')
  t.same(headers.getAll('Www-Authenticate'), ['Basic', 'Bearer', 'Digest'])
  t.same([...headers], [['www-authenticate', ['Basic', 'Bearer', 'Digest']], ['age', '1']])
  t.same([...headers.entries()].length, 4)
  t.equal(headers.size, 2)
  headers.set('www-authenticate', 'Basic')
  t.same(headers.getAll('www-authenticate'), ['Basic'])
  t.ok(headers.delete('Age'))
  t.equal(headers.get('age'), null)
  t.same(headers.getAll('age'), [])
})

t.test('characters beyond ASCII go out as UTF-8, and a copy is not encoded twice', async t => {
  const headers = new Headers([['X-Word', 'grüße ✓']])

  for (const each of [headers, new Headers(headers)]) {
    t.equal(each.get('x-word'), 'grüße ✓')
    const [[, wire] = []] = each
    t.equal(Buffer.from(String(wire), 'latin1').toString(), 'grüße ✓')
  }
})

t.test('what could split a response is refused', async t => {
  for (const value of ['a\r\nb: c', 'a\nb', 'a\0b', 'a\x7f', '\ud800']) {
    t.throws(() => new Headers().set('x', value), { code: 'AIO_ERR_HEADER_VALUE' })
    t.throws(() => new Headers().append('x', value), { code: 'AIO_ERR_HEADER_VALUE' })
  }
  for (const name of ['', 'a b', 'a:', 'ä', 'a\n']) {
    t.throws(() => new Headers().set(name, 'v'), { code: 'AIO_ERR_HEADER_NAME' })
  }
  new Headers().set('x', 'a\tb')
})
