import t from 'tap'
import { Cache } from '../../../plugins/static/cache.ts'

const thing = (weight: number) => ({ weight, checked: performance.now() })

t.test('fresh() knows what was checked a moment ago, stale() everything', async t => {
  const cache = new Cache({ size: 100_000, fileSize: 1000, recheck: 1000 })
  const value = thing(10)
  cache.set('a', value)

  t.equal(cache.fresh('a'), value)
  value.checked -= 1001
  t.equal(cache.fresh('a'), undefined)
  t.equal(cache.stale('a'), value)
  cache.delete('a')
  t.equal(cache.stale('a'), undefined)
  t.equal(cache.size, 0)
})

t.test('the size is bounded, with the overhead of each entry', async t => {
  const cache = new Cache({ size: 100_000, fileSize: 1000, recheck: 1000 })
  for (let index = 0; index < 10_000; index++) cache.set(`${index}`, thing(index % 1000))
  t.ok(cache.size <= 100_000)
  t.ok(cache.size > 90_000)

  for (let index = 0; index < 1000; index++) cache.set(`empty ${index}`, thing(0))
  t.ok(cache.size <= 100_000)
  cache.set('huge', thing(100_000))
  t.equal(cache.stale('huge'), undefined)
})

t.test('a value set twice counts once', async t => {
  const cache = new Cache({ size: 100_000, fileSize: 1000, recheck: 1000 })
  cache.set('a', thing(10))
  const { size } = cache
  cache.set('a', thing(10))

  t.equal(cache.size, size)
})

t.test('what is asked for stays when others come by', async t => {
  const cache = new Cache({ size: 50_000, fileSize: 1000, recheck: 60_000 })
  cache.set('hot', thing(100))
  for (let index = 0; index < 1000; index++) {
    cache.set(`cold ${index}`, thing(100))
    t.ok(cache.fresh('hot') !== undefined || t.fail(`gone after ${index}`))
  }
})
