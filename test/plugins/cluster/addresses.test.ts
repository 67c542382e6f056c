/** What a master keeps for its workers: the paths of Unix sockets. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Addresses } from '../../../plugins/cluster/addresses.ts'

t.test('two workers that are ready at once publish a socket once', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'a'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const path = join(folder, 's')
  const addresses = await Addresses.claim({ host: undefined, port: undefined, paths: [path], fds: [] })
  const worker = createServer()
  await new Promise<void>(resolve => { worker.listen(addresses.orders.paths[0]?.temporary, resolve) })
  t.teardown(() => { worker.close() })

  await Promise.all([addresses.publish(), addresses.publish()])
  t.ok(existsSync(path), 'the socket has its name')
  await addresses.release()
  t.notOk(existsSync(path), 'and goes with the master')
})
