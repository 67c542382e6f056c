import t from 'tap'
import { acceptedEncodings, fileRange, preconditions } from '../../../plugins/responses/file-conditions.ts'
import { fileFacts } from '../../../plugins/responses/file-facts.ts'
import { contentTypeOf } from '../../../plugins/responses/file-types.ts'

const facts = fileFacts({ mtimeNs: 1_700_000_000_000_000_000n, size: 36n })
const { etag } = facts
const now = 'Tue, 14 Nov 2023 22:13:20 GMT'
const before = 'Tue, 14 Nov 2023 22:13:19 GMT'

t.test('fileFacts() makes the tag and the date aiohttp makes', async t => {
  t.same(facts, { size: 36, mtime: 1_700_000_000_000, etag: '"17979cfe362a0000-24"', lastModified: now })
  const half = fileFacts({ mtimeNs: 1_700_000_000_500_000_000n, size: 0n })
  t.match(half, { mtime: 1_700_000_000_500, etag: '"17979cfe53f76500-0"', lastModified: 'Tue, 14 Nov 2023 22:13:21 GMT' })
})

t.test('preconditions() follow the order of RFC 9110', async t => {
  for (const [headers, status] of [
    [{}, 200],
    [{ 'if-match': etag }, 200], [{ 'if-match': '*' }, 200], [{ 'if-match': `"a", ${etag}` }, 200],
    [{ 'if-match': '"a"' }, 412], [{ 'if-match': `W/${etag}` }, 412], [{ 'if-match': 'nonsense' }, 412],
    [{ 'if-unmodified-since': now }, 200], [{ 'if-unmodified-since': before }, 412],
    [{ 'if-unmodified-since': 'nonsense' }, 200], [{ 'if-match': etag, 'if-unmodified-since': before }, 200],
    [{ 'if-none-match': etag }, 304], [{ 'if-none-match': `W/${etag}` }, 304], [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': `"a",${etag}` }, 304], [{ 'if-none-match': '"a"' }, 200],
    [{ 'if-modified-since': now }, 304], [{ 'if-modified-since': before }, 200], [{ 'if-modified-since': 'x' }, 200],
    [{ 'if-none-match': '"a"', 'if-modified-since': now }, 200],
    [{ 'if-match': '"a"', 'if-none-match': etag }, 412]
  ] as const) {
    t.equal(preconditions(headers, facts), status, JSON.stringify(headers))
  }
})

t.test('fileRange() reads a single range', async t => {
  for (const [range, expected] of [
    [undefined, null],
    ['bytes=0-4', { start: 0, end: 5 }], ['bytes=30-', { start: 30, end: 36 }], ['bytes=-6', { start: 30, end: 36 }],
    ['bytes=30-99', { start: 30, end: 36 }], ['bytes=-99', { start: 0, end: 36 }],
    [`bytes=0-${'9'.repeat(400)}`, { start: 0, end: 36 }],
    ...['bytes=36-', 'bytes=5-4', 'bytes=-0', 'bytes=-', 'bytes=0-1,3-4', 'items=0-1', 'bytes=a-b', 'bytes=+1-2', '']
      .map(range => [range, 'unsatisfiable'] as const)
  ] as const) {
    t.same(fileRange(range === undefined ? {} : { range }, facts), expected, String(range))
  }
  t.equal(fileRange({ range: 'bytes=0-0' }, { ...facts, size: 0 }), 'unsatisfiable')
})

t.test('fileRange() looks at If-Range', async t => {
  for (const [ifRange, expected] of [
    [etag, { start: 0, end: 5 }], [now, { start: 0, end: 5 }],
    [before, null], ['"other"', null], [`W/${etag}`, null], ['nonsense', null]
  ] as const) {
    t.same(fileRange({ range: 'bytes=0-4', 'if-range': ifRange }, facts), expected, ifRange)
  }
})

t.test('acceptedEncodings() honours quality values', async t => {
  for (const [header, expected] of [
    [undefined, []], ['', []], ['identity', []], ['deflate', []], ['gzip', ['gzip']], ['GZip', ['gzip']],
    ['gzip, br', ['br', 'gzip']], ['gzip;q=1.0, br;q=0.5', ['gzip', 'br']], ['gzip;q=0', []], ['gzip; q=0.0, br', ['br']],
    ['gzip;q=0.5, identity', []], ['gzip;q=0.5, identity;q=0.1', ['gzip']]
  ] as const) {
    t.same(acceptedEncodings(header), expected, String(header))
  }
})

t.test('contentTypeOf() goes by the last extension', async t => {
  for (const [path, type] of [
    ['/a/b.txt', 'text/plain'], ['UPPER.TXT', 'text/plain'], ['a.html', 'text/html'], ['a.js', 'text/javascript'],
    ['archive.tar.gz', 'application/gzip'], ['archive.tgz', 'application/gzip'], ['x.br', 'application/x-brotli'],
    ['x.Z', 'application/x-compress'], ['a.svg', 'image/svg+xml'], ['two.dots.html', 'text/html'],
    ...['x.z', 'noext', '.txt', 'dir.html/file', 'a.', 'a.xyzzy', 'a.__proto__', '']
      .map(path => [path, 'application/octet-stream'] as const)
  ] as const) {
    t.equal(contentTypeOf(path), type, path)
  }
})
