import t from 'tap'
import { parseDatabaseUrl } from '../../../plugins/database/url.ts'

t.test('no URL is an embedded database in memory', async t => {
  t.match(parseDatabaseUrl(), { kind: 'pglite', folder: undefined, redacted: 'pglite:' })
  t.match(parseDatabaseUrl('pglite:'), { kind: 'pglite', folder: undefined })
  t.match(parseDatabaseUrl('pglite:./data'), { kind: 'pglite', folder: './data' })
  t.match(parseDatabaseUrl('pglite:///var/lib/app'), { kind: 'pglite', folder: '/var/lib/app' })
})

t.test('a URL names the kind, the server, the user and the database', async t => {
  t.match(parseDatabaseUrl('postgres://me:secret@db.example/shop'), {
    kind: 'postgres', server: 'db.example:5432', user: 'me', name: 'shop', redacted: 'postgres://me:***@db.example/shop'
  })
  t.match(parseDatabaseUrl('postgresql://me@localhost:6543/shop?sslmode=require'), {
    kind: 'postgres', server: 'localhost:6543'
  })
  t.match(parseDatabaseUrl('mariadb://root@127.0.0.1/shop'), {
    kind: 'mysql', server: '127.0.0.1:3306', url: 'mysql://root@127.0.0.1/shop'
  })
  t.match(parseDatabaseUrl('postgres://me@localhost/shop?host=/run/postgresql'), { server: '/run/postgresql' })
})

t.test('a URL that cannot be used says why, without its password', async t => {
  const wrong: [url: string, message: RegExp][] = [
    ['shop', /"shop": it is no URL; allowed are postgres:/],
    ['sqlite:///shop.db', /"sqlite:" is unknown/],
    ['postgres://db.example', /it names no database/],
    ['postgres:///shop', /it names no host/],
    ['mysql://me:secret@db.example/', /mysql:\/\/me:\*\*\*@db\.example\/": it names no database/],
    ['oracle://me:secret@x/y', /me:\*\*\*@x/],
    ['postgres://me:secret@x:port/y', /me:\*\*\*@x:port/]
  ]
  for (const [url, message] of wrong) {
    t.throws(() => parseDatabaseUrl(url), { code: 'AIO_ERR_DATABASE_URL', message }, url)
    try {
      parseDatabaseUrl(url)
    } catch (error) {
      t.notMatch(String(error), /secret/)
    }
  }
})
