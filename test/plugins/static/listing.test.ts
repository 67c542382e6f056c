import t from 'tap'
import { encodePath, renderListing } from '../../../plugins/static/listing.ts'

t.test('renderListing() links every entry', async t => {
  const html = renderListing('/files/sub', 'sub', [
    { name: 'deep', directory: true }, { name: 'a b.txt', directory: false }
  ])

  t.match(html, '<title>Index of /sub</title>')
  t.match(html, '<li><a href="/files/sub/deep">deep/</a></li>\n<li><a href="/files/sub/a%20b.txt">a b.txt</a></li>')
})

t.test('renderListing() names the root as aiohttp does', async t => {
  const html = renderListing('', '', [{ name: 'a.txt', directory: false }])

  t.match(html, '<h1>Index of /.</h1>')
  t.match(html, 'href="/a.txt"')
})

t.test('renderListing() escapes names', async t => {
  const name = '<img src=x onerror=alert(1)>"\'&?#%.txt'
  const html = renderListing('/x', '<b>', [{ name, directory: false }])

  t.notMatch(html, '<img')
  t.notMatch(html, '<b>')
  t.match(html, '<h1>Index of /&lt;b&gt;</h1>')
  t.match(html, 'href="/x/%3Cimg%20src=x%20onerror=alert(1)%3E%22&#x27;&amp;%3F%23%25.txt"')
  t.match(html, '>&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;?#%.txt</a>')
})

t.test('encodePath() keeps slashes', async t => {
  t.equal(encodePath('dir/héllo #1?.txt'), 'dir/h%C3%A9llo%20%231%3F.txt')
})
