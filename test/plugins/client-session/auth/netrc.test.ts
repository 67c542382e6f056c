import path from 'node:path'
import t, { type Test } from 'tap'
import { netrcAuth, parseNetrc } from '../../../../plugins/client-session/auth/netrc.ts'

t.test('parseNetrc() reads hosts, comments, quotes and macros', async t => {
  const entries = parseNetrc(`# my hosts
machine 127.0.0.1 login nu password np
machine example.test
  login "a b" # who
  password #secret
macdef init
  machine not.this login x

machine escaped.test user "q\\"q" account acc password p\\ \t
machine account.test account acc password p
machine bare.test
default login du password dp
`)
  t.same(Object.fromEntries(entries ?? []), {
    '127.0.0.1': { login: 'nu', password: 'np' },
    'example.test': { login: 'a b', password: '#secret' },
    'escaped.test': { login: 'q"q', password: 'p\\' },
    'account.test': { login: 'acc', password: 'p' },
    'bare.test': { login: '', password: '' },
    '': { login: 'du', password: 'dp' }
  })
  t.equal(parseNetrc('')?.size, 0)
  t.equal(parseNetrc('macdef last\nanything')?.size, 0)
})

t.test('parseNetrc() makes nothing of a broken file', async t => {
  for (const text of ['machine', 'machine\nnonsense {', 'login x', 'machine h login', 'machine h nonsense x']) {
    t.equal(parseNetrc(text), undefined, text)
  }
})

t.test('netrcAuth() looks into $NETRC, else into the home folder', async t => {
  const folder = t.testdir({ '.netrc': 'default login du password dp', own: 'machine h login o password p' })
  environment(t, { NETRC: undefined, HOME: folder, USERPROFILE: folder })
  t.same(await netrcAuth('anywhere'), { login: 'du', password: 'dp' })

  process.env.NETRC = path.join(folder, 'own')
  t.same(await netrcAuth('h'), { login: 'o', password: 'p' })
  t.equal(await netrcAuth('other'), undefined)

  process.env.NETRC = path.join(folder, 'missing')
  t.equal(await netrcAuth('h'), undefined)
})

function environment (t: Test, values: Record<string, string | undefined>): void {
  const before = { ...process.env }
  t.teardown(() => { process.env = before })
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}
