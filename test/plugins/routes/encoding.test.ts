import t from 'tap'
import {
  decodePath, decodeValue, pathOf, quotePath, quoteQuery, rewriteUrl
} from '../../../plugins/routes/encoding.ts'

t.test('decodePath() decodes UTF-8, keeps slash and percent sign, and leaves alone what is neither', async t => {
  const cases: [encoded: string, decoded: string][] = [
    ['/plain', '/plain'],
    ['/%41%c3%BC%F0%9F%98%80', '/Aü😀'],
    ['/%2f%25%2F', '/%2F%25%2F'],
    ['/a%FFb', '/a%FFb'],
    ['/%C3%28', '/%C3('],
    ['/%C3', '/%C3'],
    ['/%c0%af', '/%c0%af'],
    ['/%ED%A0%80', '/%ED%A0%80'],
    ['/%E2%82%AC%', '/€%'],
    ['/%zz%4', '/%zz%4']
  ]
  for (const [encoded, decoded] of cases) t.equal(decodePath(encoded), decoded, encoded)
})

t.test('decodeValue() decodes what is left', async t => {
  t.equal(decodeValue('a%2Fb%2541'), 'a/b%41')
  t.equal(decodeValue('%252F'), '%2F')
})

t.test('quotePath() and quoteQuery() quote as yarl does', async t => {
  t.equal(quotePath("/a b?#[]%ü!$'()*,+&=;@:~"), "/a%20b%3F%23%5B%5D%25%C3%BC!$'()*,+&=;@:~")
  t.equal(quoteQuery("a b+&=;ü#%!$'()*,?/:@"), "a+b%2B%26%3D%3B%C3%BC%23%25!$'()*,?/:@")
})

t.test('pathOf() finds the path of any request target', async t => {
  const cases: [target: string, path: string][] = [
    ['/a/b?c#d', '/a/b'], ['/a#b?c', '/a'], ['http://host/a?b', '/a'], ['http://host', '/'], ['http://host?a', '/'],
    ['//host/a', '//host/a'], ['*', '*']
  ]
  for (const [target, path] of cases) t.equal(pathOf(target), path, target)
})

t.test('rewriteUrl() makes every path one that Fastify decodes to what aiohttp sees', async t => {
  const rewrite = (url?: string) => rewriteUrl({ url } as never)
  t.equal(rewrite('/a%20b?%FF'), '/a%20b?%FF')
  t.equal(rewrite('/a%FFb'), '/a%25FFb')
  t.equal(rewrite('/%C3%28%'), '/%25C3%28%25')
  t.equal(rewrite('/%2F%25'), '/%2F%25')
  t.equal(rewrite(), '/')
})
