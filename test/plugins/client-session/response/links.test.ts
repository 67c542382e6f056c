import t from 'tap'
import { parseLinks } from '../../../../plugins/client-session/response/links.ts'
import { parseUrl } from '../../../../plugins/client-session/url/url.ts'

const base = parseUrl('http://h/dir/page?x=1')

t.test('parseLinks() finds links by their relation', async t => {
  const links = parseLinks(['</2>; rel=next, <http://other.test/x>; rel="last"; Title="t, \\"q\\""', '<rel>; flag'], base)
  t.same(Array.from(links, ([key, { url, ...parameters }]) => [key, url.href, parameters]), [
    ['next', 'http://h/2', { rel: 'next' }],
    ['last', 'http://other.test/x', { rel: 'last', title: 't, "q"' }],
    ['rel', 'http://h/dir/rel', {}]
  ])
})

t.test('parseLinks() leaves out what is no link, in a time that grows with the length', async t => {
  t.equal(parseLinks(['nothing', '', '<unclosed', '<http://[bad>; rel=x', 'a, b; rel=c'], base).size, 0)
  t.same([...parseLinks(['<http://[bad>; rel=x, </ok>; rel=y'], base).keys()], ['y'])
  const start = performance.now()
  for (const hostile of ['<a>;x="', '<', '<>', '<a>;', '<a>;a=";', '<a>;"\\']) parseLinks([hostile.repeat(8190 / hostile.length)], base)
  t.ok(performance.now() - start < 1000)
})
