import t from 'tap'
import { BasicAuth, encodeBasicAuth } from '../../../../plugins/client-session/auth/basic-auth.ts'
import { parseUrl } from '../../../../plugins/client-session/url/url.ts'

const code = 'AIO_ERR_ARGUMENT_INVALID'

t.test('encodeBasicAuth() writes user and password in UTF-8', async t => {
  t.equal(encodeBasicAuth('user', 'pass'), 'Basic dXNlcjpwYXNz')
  t.equal(encodeBasicAuth('ü', 'p'), 'Basic w7w6cA==')
  t.equal(encodeBasicAuth(''), 'Basic Og==')
  t.equal(encodeBasicAuth('üser', 'pä:ss', 'latin1'), 'Basic /HNlcjpw5Dpzcw==')
})

t.test('encodeBasicAuth() refuses what a server would read in another way', async t => {
  t.throws(() => encodeBasicAuth('a:b', 'x'), { code })
  t.throws(() => encodeBasicAuth('日', '', 'latin1'), { code })
  // @ts-expect-error nobody
  t.throws(() => encodeBasicAuth(null), { code })
  // @ts-expect-error no text
  t.throws(() => encodeBasicAuth('a', 5), { code })
  // @ts-expect-error not supported
  t.throws(() => encodeBasicAuth('a', 'b', 'utf-16'), { code })
  t.throws(() => encodeBasicAuth('a', '日本', 'latin1'), { code, message: /^[^日]*$/ }, 'the secret is not shown')
})

t.test('BasicAuth is latin1 unless it is said otherwise, and reads headers', async t => {
  t.equal(new BasicAuth('ü').encode(), 'Basic /Do=')
  t.throws(() => new BasicAuth('日'), { code })
  t.match(BasicAuth.decode('basic  dXNlcjpwYXM6cw=='), { login: 'user', password: 'pas:s', encoding: 'latin1' })
  t.match(BasicAuth.decode(encodeBasicAuth('日', 'x'), 'utf-8'), { login: '日' })
  for (const header of ['', 'Bearer abc', 'Basic', 'Basic ###', 'Basic YWJj']) t.throws(() => BasicAuth.decode(header), { code }, header)
})

t.test('BasicAuth.fromUrl() takes what a URL says', async t => {
  t.match(BasicAuth.fromUrl(parseUrl('http://us%40er:p%3Aw@h/')), { login: 'us@er', password: 'p:w' })
  t.match(BasicAuth.fromUrl(parseUrl('http://user@h/')), { login: 'user', password: '' })
  t.equal(BasicAuth.fromUrl(parseUrl('http://h/')), undefined)
})
