import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { Folder, type FolderOptions } from '../../../plugins/static/folder.ts'

const strict: FolderOptions = { followSymlinks: false, dotfiles: 'ignore' }

function setUp (t: Test, options: Partial<FolderOptions> = {}) {
  const dir = t.testdir({
    'secret.txt': 'SECRET',
    outside: { 'deep.txt': 'SECRET' },
    rootly: { 'x.txt': 'SECRET' },
    root: {
      'a.txt': 'a',
      '.env': 'SECRET',
      '.git': { config: 'SECRET' },
      sub: { 'b.txt': 'b' },
      'in.txt': t.fixture('symlink', 'a.txt'),
      'out.txt': t.fixture('symlink', '../secret.txt'),
      'a.txt.gz': t.fixture('symlink', '../secret.txt'),
      'sibling.txt': t.fixture('symlink', '../rootly/x.txt'),
      chain: t.fixture('symlink', 'out.txt'),
      loop: t.fixture('symlink', 'loop'),
      broken: t.fixture('symlink', 'nowhere'),
      outdir: t.fixture('symlink', '../outside'),
      '..data': { 'config.txt': 'kept by Kubernetes' },
      'config.txt': t.fixture('symlink', '..data/config.txt')
    }
  })
  return { dir, folder: new Folder(path.join(dir, 'root'), { ...strict, ...options }) }
}

t.test('find() tells files, directories and nothing apart', async t => {
  const { folder } = setUp(t)

  for (const [name, found] of [
    ['', 'directory'], ['a.txt', 'file'], ['sub', 'directory'], ['sub/', 'directory'], ['sub/b.txt', 'file'],
    ['nope', 'missing'], ['a.txt/', 'missing'], ['a.txt/x', 'missing'], ['n'.repeat(300), 'missing']
  ] as const) {
    t.equal((await folder.find(name)).kind, found, name)
  }
})

t.test('find() finds nothing outside of the folder, whatever the name', async t => {
  const { folder } = setUp(t)

  for (const name of ['..', '../secret.txt', 'sub/../../secret.txt', 'sub/../a.txt', './a.txt', '/etc/passwd',
    'sub//b.txt', '..\\secret.txt', 'a.txt\0.html', '//', 'sub/./b.txt']) {
    t.equal((await folder.find(name)).kind, 'missing', JSON.stringify(name))
  }
})

t.test('find() follows links inside of the folder only', async t => {
  const { folder } = setUp(t)

  t.equal((await folder.find('in.txt')).kind, 'file')
  t.equal((await folder.find('config.txt')).kind, 'file', 'a folder may be named "..data"')
  for (const name of ['out.txt', 'a.txt.gz', 'sibling.txt', 'chain', 'loop', 'broken', 'outdir', 'outdir/deep.txt']) {
    t.equal((await folder.find(name)).kind, 'missing', name)
  }
})

t.test('find() follows every link when told to, but no dots', async t => {
  const { folder } = setUp(t, { followSymlinks: true })

  t.equal((await folder.find('out.txt')).kind, 'file')
  t.equal((await folder.find('outdir/deep.txt')).kind, 'file')
  t.equal((await folder.find('loop')).kind, 'missing')
  t.equal((await folder.find('outdir/../secret.txt')).kind, 'missing')
})

t.test('find() treats dot files as its policy says', async t => {
  const expected = { ignore: 'missing', deny: 'forbidden', allow: 'file' } as const
  for (const dotfiles of ['ignore', 'deny', 'allow'] as const) {
    const { folder } = setUp(t, { dotfiles })
    t.equal((await folder.find('.env')).kind, expected[dotfiles], dotfiles)
    t.equal((await folder.find('.git/config')).kind, expected[dotfiles], dotfiles)
  }
})

t.test('find() does not open pipes', { skip: process.platform === 'win32' }, async t => {
  const { dir, folder } = setUp(t)
  execFileSync('mkfifo', [path.join(dir, 'root', 'pipe')])

  t.equal((await folder.find('pipe')).kind, 'forbidden')
})

t.test('list() has what can be asked for, by name', async t => {
  const { folder } = setUp(t)

  t.same(await folder.list(''), [
    { name: 'a.txt', directory: false },
    { name: 'config.txt', directory: false },
    { name: 'in.txt', directory: false },
    { name: 'sub', directory: true }
  ])
  t.same(await folder.list('sub'), [{ name: 'b.txt', directory: false }])
})

t.test('a folder that is a link itself is served', async t => {
  const { dir } = setUp(t)
  const link = path.join(dir, 'current')
  symlinkSync('root', link)

  t.equal((await new Folder(link, strict).find('a.txt')).kind, 'file')
})
