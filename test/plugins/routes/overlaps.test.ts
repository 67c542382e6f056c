import t from 'tap'
import { Overlaps, type Shape } from '../../../plugins/routes/overlaps.ts'
import { Pattern } from '../../../plugins/routes/pattern.ts'

/** The same, said of two shapes. */
function mayMeet (one: Shape, other: Shape): boolean {
  const [shorter, longer] = one.segments.length < other.segments.length ? [one, other] : [other, one]
  if (!shorter.open && shorter.segments.length < longer.segments.length) return false
  return shorter.segments.every((segment, index) => {
    const text = (value: unknown) => Object(value).text
    const [a, b] = [text(segment), text(longer.segments[index])]
    return a === undefined || b === undefined || a === b
  })
}

t.test('finds every path that may be matched by the same request, and no other', async t => {
  const segments = ['/a', '/b', '/{x}', '/a{x}', '']
  const ends = ['', '/', '/{rest:.*}', '/a{rest:[a-z/]+}']
  const starts = ['', ...segments.flatMap(one => segments.map(other => one + other))]
  const paths = [...new Set(starts.flatMap(start => ends.map(end => start + end)))]
    .filter(path => (path.match(/\{x\}/g) ?? []).length < 2)
  const overlaps = new Overlaps<string>()
  for (const path of paths) overlaps.add(new Pattern(path), path)

  t.ok(paths.length > 50)
  for (const path of paths) {
    const shape = new Pattern(path)
    const expected = paths.filter(other => mayMeet(shape, new Pattern(other)))
    t.same([...overlaps.find(shape)].sort(), expected.sort(), path)
  }
})

t.test('one of thousands meets nobody', t => {
  const overlaps = new Overlaps<number>()
  for (let index = 0; index < 5000; index += 1) overlaps.add(new Pattern(`/section${index % 50}/page${index}/{id}`), index)

  t.same([...overlaps.find(new Pattern('/section7/page4007/{name}'))], [4007])
  t.same([...overlaps.find(new Pattern('/section7/page4007'))], [])
  t.equal([...overlaps.find(new Pattern('/section7/{page}/{id}'))].length, 100)
  t.equal([...overlaps.find(new Pattern('/{rest:.*}'))].length, 5000)
  t.end()
})
