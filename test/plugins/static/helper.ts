/** A folder of files, and an app that serves it. */

import path from 'node:path'
import type { Test } from 'tap'
import exceptions from '../../../plugins/exceptions/index.ts'
import staticFiles, { type StaticOptions, type StaticPluginOptions } from '../../../plugins/static/index.ts'
import { build } from '../../helper.ts'

export async function setUp (
  t: Test, options: StaticOptions = {}, prefix = '/files', plugin: StaticPluginOptions = {}
) {
  const dir = t.testdir({
    'secret.txt': 'SECRET',
    root: {
      'hello.txt': 'Hello, world!\n',
      'amp&@,;+#?%.txt': 'odd name',
      'héllo wörld.txt': 'umlauts',
      'a.txt': 'a',
      'a.txt.gz': t.fixture('symlink', '../secret.txt'),
      'out.txt': t.fixture('symlink', '../secret.txt'),
      '.env': 'SECRET',
      '<img src=x>.txt': 'x',
      sub: { 'index.html': '<p>index</p>', 'b.txt': 'b' },
      empty: {}
    }
  })
  const root = path.join(dir, 'root')
  const app = build(t)
  await app.register(exceptions)
  await app.register(staticFiles, plugin)
  const resource = app.addStatic(prefix, root, options)
  return { app, root, resource }
}
