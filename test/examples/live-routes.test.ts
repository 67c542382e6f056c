/** The example whose admin endpoint adds and removes routes, asked with curl. */

import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import t from 'tap'
import createApp from '../../examples/routes/live.ts'

const run = promisify(execFile)

t.test('pages come, change and go, and a shop opens', async t => {
  const app = await createApp()
  t.teardown(() => app.close())
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const curl = async (path: string, ...args: string[]) => {
    const { stdout } = await run('curl', ['-s', '-w', ' %{http_code}', ...args, `http://127.0.0.1:${port}${path}`])
    return stdout
  }

  t.match(await curl('/hello'), / 404$/)
  t.equal(await curl('/admin/pages/hello', '-X', 'PUT', '-d', 'Hello, Ada'), '/hello 201')
  t.equal(await curl('/hello'), 'Hello, Ada 200')
  t.match(await curl('/hello', '-X', 'POST'), / 405$/)
  t.match(await curl('/'), /GET \/hello/)
  await curl('/admin/pages/hello', '-X', 'PUT', '-d', 'Hello, Grace')
  t.equal(await curl('/hello'), 'Hello, Grace 200')
  t.match(await curl('/admin/pages/hello', '-X', 'DELETE'), / 204$/)
  t.match(await curl('/hello'), / 404$/)
  t.match(await curl('/admin/pages/hello', '-X', 'DELETE'), / 404$/)

  t.equal(await curl('/admin/shop', '-X', 'PUT'), 'open 200')
  t.equal(await curl('/shop/items/7'), '{"item":"7"} 200')
  t.match(await curl('/admin/shop', '-X', 'PUT'), / 409$/)
})
