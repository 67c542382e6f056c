import t from 'tap'
import { Domain } from '../../../plugins/routes/domain.ts'

t.test('a domain matches without regard to case, a final dot, or a port it does not name', async t => {
  const domain = new Domain('Api.Example.com')

  t.equal(domain.text, 'api.example.com')
  for (const host of ['api.example.com', 'API.EXAMPLE.COM', 'api.example.com:8080', 'api.example.com.', 'api.example.com.:80']) {
    t.ok(domain.matches(host), host)
  }
  for (const host of ['example.com', 'xapi.example.com', 'api.example.com.evil', 'apixexample.com', '', ':80']) {
    t.notOk(domain.matches(host), host)
  }
})

t.test('a port that is named has to be there, but for 80', async t => {
  t.ok(new Domain('example.com:8080').matches('example.com:8080'))
  t.notOk(new Domain('example.com:8080').matches('example.com'))
  t.notOk(new Domain('example.com:8080').matches('example.com:80'))
  t.equal(new Domain('example.com:80').text, 'example.com')
})

t.test('a mask stands for any labels, but not for none', async t => {
  const mask = new Domain('*.example.com')

  for (const host of ['a.example.com', 'A.B.example.com:1']) t.ok(mask.matches(host), host)
  for (const host of ['example.com', 'a.example.comx', 'a-example.com']) t.notOk(mask.matches(host), host)
  t.ok(new Domain('a*.com').matches('abc.com'))
})

t.test('names that are not ASCII are what they are on the wire', async t => {
  t.ok(new Domain('münchen.example').matches('xn--mnchen-3ya.example'))
})

t.test('a domain that is none says why', async t => {
  for (const domain of ['', '.', 'http://a.b', 'a..b', '-a.b', 'a-.b', 'a_b', 'a b', 'a/b', 'x'.repeat(64), 'a:b', 7, null]) {
    t.throws(() => new Domain(domain as string), { code: 'AIO_ERR_DOMAIN' }, String(domain))
  }
})
