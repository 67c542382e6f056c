import t from 'tap'
import { parseETags, parseHttpDate } from '../../lib/conditions.ts'

t.test('parseETags() reads a list up to the first malformed tag', async t => {
  t.equal(parseETags(undefined), null)
  t.equal(parseETags(''), null)
  t.same(parseETags('*'), [{ value: '*', isWeak: false }])
  t.same(parseETags('"a", W/"b" ,"c"'), [
    { value: 'a', isWeak: false }, { value: 'b', isWeak: true }, { value: 'c', isWeak: false }
  ])
  t.same(parseETags('"a", b, "c"'), [{ value: 'a', isWeak: false }])
  t.same(parseETags('a'), [])
  t.same(parseETags('"a'), [])
})

t.test('parseHttpDate() reads the three forms of a date', async t => {
  for (const text of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
    t.equal(parseHttpDate(text)?.getTime(), Date.UTC(1994, 10, 6, 8, 49, 37), text)
  }
  t.equal(parseHttpDate(undefined), null)
  for (const text of ['', 'soon', 'Sun, 31 Feb 2023 08:49:37 GMT', 'Sun, 06 Nov 1994 25:49:37 GMT', 'Sun, 06 Foo 1994 08:49:37 GMT']) {
    t.equal(parseHttpDate(text), null, text)
  }
})

t.test('long nonsense takes no time', async t => {
  const start = performance.now()
  for (const text of ['"'.repeat(65_536), '"a",'.repeat(16_384), 'W/'.repeat(32_768), ' '.repeat(65_536), '1'.repeat(65_536),
    `Sun, 06 ${'a'.repeat(65_536)}`, `Sun, 06 Nov 1994${' '.repeat(65_536)}`]) {
    parseETags(text)
    parseHttpDate(text)
  }
  t.ok(performance.now() - start < 500)
})
