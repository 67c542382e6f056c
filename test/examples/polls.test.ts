/** The polls in browsers and by HTTP, on every database. */

import t from 'tap'
import 'tsx'
import { embedded, mariadb, postgres } from '../databases.ts'
import { admin, emptied } from './polls/admin.ts'
import { inBrowser } from './polls/browser.ts'
import { pages } from './polls/pages.ts'
import { openSite } from './polls/site.ts'
import { manyVoters } from './polls/voters.ts'

t.setTimeout(process.env['TEST_VOTES'] === undefined ? 180_000 : 1_200_000)

for (const database of [embedded, postgres, mariadb]) {
  t.test(`the polls on ${database.name}`, { skip: database.skip }, async t => {
    const site = await openSite(t, await database.create(t))
    await pages(t, site)
    await admin(t, site)
    await manyVoters(t, site)
    if (database !== mariadb) await inBrowser(t, site)
    await emptied(t, site)
  })
}
