/**
 * Where the answers of the twin are not the recorded ones: the rule, why, and what comes instead.
 *
 * `docs/differences.md` is written from this list (`write-differences.ts`), and the replay test holds every entry:
 * an answer has to be the recorded one with just these changes.
 *
 * @module
 */

import { isRaw, type ExpectedBody, type Vector } from './vectors.ts'

/** What differs from the recorded answer; what is not named is as recorded. */
export interface Change {
  readonly status?: number
  readonly reason?: string
  /** `null`: the header is not there. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>
  readonly body?: ExpectedBody
  readonly statuses?: readonly number[]
  readonly closes?: boolean
  readonly truncated?: boolean
  readonly bodies?: readonly string[]
}

/** One rule, with the recorded vectors it changes. */
export interface Difference {
  /** For links. */
  readonly id: string
  /** What it is about, as a heading. */
  readonly title: string
  /** What aiohttp answers. */
  readonly aiohttp: string
  /** What we answer. */
  readonly here: string
  readonly why: string
  /** Names of vectors, and what changes in their answers. */
  readonly vectors: Readonly<Record<string, Change>>
}

const varies: Change = { headers: { vary: 'Accept-Encoding' } }

/** As an HTTPNotFound is answered. */
const usual404: Change = {
  headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': '14' },
  body: { text: '404: Not Found' }
}

/** The same where aiohttp has sent a file. */
const notServed: Change = {
  ...usual404,
  status: 404,
  reason: 'Not Found',
  headers: { ...usual404.headers, 'accept-ranges': null, etag: null, 'last-modified': null }
}

/** Without links that lead nowhere or out of the folder. */
const listing = (
  '.hidden UPPER.TXT amp&amp;er.txt archive.tar.gz big.bin bronly.html bronly.html.br bytes.bin ' +
  'compressed.txt compressed.txt.br compressed.txt.gz data.json digits.txt dir empty.txt emptydir ' +
  'enc%2520oded.txt fraction.txt gzonly.css gzonly.css.gz h%C3%A9llo%20w%C3%B6rld.txt hello.txt ' +
  'link-dir link-file.txt linkgz.txt linkgz.txt.gz noext noindex old.txt orphan.txt.gz page.html paper.pdf ' +
  'per%25cent.txt pixel.png plus+sign.txt quest%3Fion.txt sp%20ace.txt style.css table.csv ' +
  'two.dots.html unknown.xyzzy vector.svg'
).split(' ').map(name => `/static-index/${name}`)

export const differences: readonly Difference[] = [
  {
    id: 'bad-body',
    title: 'A body that cannot be read is the client\'s fault',
    aiohttp: '500 `Server got itself in trouble`, and the connection is closed.',
    here: '400 with a sentence that says what is wrong; the connection stays.',
    why: 'aiohttp is wrong: nothing is broken in the server, and an error log that clients can fill is no use.',
    vectors: {
      'request: text: invalid UTF-8 is an error': { status: 400, reason: 'Bad Request', headers: { 'content-length': '31' }, body: { text: 'Cannot decode the body as utf-8' } },
      'request: text: unknown charset is an error': { status: 400, reason: 'Bad Request', headers: { 'content-length': '25' }, body: { text: 'Unknown charset \'klingon\'' } },
      'request: encoded body: broken gzip': { status: 400, reason: 'Bad Request', headers: { 'content-length': '37' }, body: { text: 'Can not decode content-encoding: gzip' } },
      'request: json: bad is an error': { status: 400, reason: 'Bad Request', headers: { 'content-length': '26' }, body: { text: 'The body is not valid JSON' } },
      'request: json: empty is an error': { status: 400, reason: 'Bad Request', headers: { 'content-length': '26' }, body: { text: 'The body is not valid JSON' } },
      'request: json: bad, Accept: text/html': { status: 400, reason: 'Bad Request', headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': '26' }, body: { text: 'The body is not valid JSON' } },
      'request: form: multipart without a boundary is an error': { status: 400, reason: 'Bad Request', headers: { 'content-length': '57' }, body: { text: 'The boundary of the multipart body is missing or too long' } }
    }
  },
  {
    id: 'content-type',
    title: 'A malformed Content-Type is 415',
    aiohttp: 'A Content-Type that is no media type counts as `application/octet-stream`.',
    here: '415, before any handler. A missing Content-Type is fine.',
    why: 'Fastify refuses it before it looks for a parser, and offers no way round.',
    vectors: {
      'request: content type: invalid': { status: 415, reason: 'Unsupported Media Type', headers: { 'content-type': 'text/plain; charset=utf-8' }, body: { text: '415: Unsupported Media Type' } }
    }
  },
  {
    id: 'host',
    title: 'The host is named once',
    aiohttp: 'An absolute target (`GET http://a/ HTTP/1.1`) may name another host than Host does.',
    here: '400 when the two differ. The same host in both is served.',
    why: 'A proxy in front may have decided by the other one. `hardening: false` in the runner\'s options ' +
      'switches it off.',
    vectors: {
      'request: echo, absolute target': { status: 400, reason: 'Bad Request', headers: { 'content-type': 'text/plain; charset=utf-8' }, body: { text: '400: Bad Request' } }
    }
  },
  {
    id: 'negotiated-compression',
    title: 'Compression is negotiated, and says so',
    aiohttp: 'Accept-Encoding is searched for a name, quality values are not read, deflate comes before gzip, and ' +
      'no Vary is sent. A compressed file beside the file is chosen in the same way.',
    here: 'Quality values count; of what a client likes the same the order is br, zstd (where Node has it), gzip, ' +
      'deflate. Every response that could have been compressed has `Vary: Accept-Encoding`. A star asks for nothing ' +
      'in particular.',
    why: 'aiohttp is wrong: without Vary a cache hands compressed bytes to those who cannot read them, and ' +
      '`gzip;q=0` means no.',
    vectors: {
      'response: stream: compressed, negotiated': varies,
      'response: stream: compressed, fixed length is dropped': varies,
      'response: compress: gzip': varies,
      'response: compress: deflate': varies,
      'response: compress: both: deflate comes first': { headers: { vary: 'Accept-Encoding', 'content-encoding': 'gzip' } },
      'response: compress: no Accept-Encoding': varies,
      'response: compress: star is not understood': varies,
      'response: compress: quality values are not looked at': { headers: { vary: 'Accept-Encoding', 'content-encoding': null } },
      'response: compress: chunked': varies,
      'response: compress: small bodies are compressed, too': varies,
      'response: compress: HEAD': varies,
      'response: payload: iterator compressed': varies,
      'static: precompressed: quality values are not looked at': { headers: { etag: '"17979cfe362a0000-3d4"', 'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT', 'content-length': '980', 'content-encoding': null, vary: null }, body: { text: 'compressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\ncompressible text, the same line again and again\n' } },
      'static: file: compressed on the fly': varies
    }
  },
  {
    id: 'missing-file',
    title: 'A missing file is a 404 like any other',
    aiohttp: 'The 404 of a static file or a FileResponse is empty and of type `application/octet-stream`, that of ' +
      'the router has a text.',
    here: 'Both are the same, and both go through the error format of the exceptions plugin.',
    why: 'A browser would offer the empty answer as a download; and whoever asks cannot tell a missing name ' +
      'from one that leaves the folder.',
    vectors: {
      'static: names are case-sensitive': usual404,
      'static: missing': usual404,
      'static: HEAD of a missing file': { headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': '14' } },
      'static: traversal, backslash': usual404,
      'static: followed: no traversal behind a link': usual404,
      'static: file: missing': usual404,
      'middleware: missing static file': usual404
    }
  },
  {
    id: 'one-url',
    title: 'A static file has one URL',
    aiohttp: 'An encoded slash is a slash, a slash behind the name is dropped, and `..` is followed as long as it ' +
      'stays inside.',
    here: '404 for all three.',
    why: 'What has several names cannot be protected by its name, in a proxy or in a middleware. Clients take ' +
      '`..` out before they ask.',
    vectors: {
      'static: encoded slash is a slash': notServed,
      'static: slash after a file name': notServed,
      'static: traversal that stays inside': notServed
    }
  },
  {
    id: 'listing',
    title: 'A listing is HTML and shows what can be asked for',
    aiohttp: 'The addresses in a listing are not escaped for HTML; links that are broken or leave the folder are in it.',
    here: 'Names are percent-encoded and escaped; only what would be answered is listed.',
    why: 'aiohttp is wrong: a file name with a `"` or a `&` breaks the page.',
    vectors: {
      'static: listing of the mount': { body: { hrefs: listing } }
    }
  },
  {
    id: 'ranges',
    title: 'Ranges by the book',
    aiohttp: '`Range: bytes=-0` is the whole file as 206, and If-Range with an entity tag is not looked at.',
    here: '`bytes=-0` is 416 (RFC 9110, section 14.1.2). If-Range with another tag gives the whole file, with ' +
      'the same tag the range.',
    why: 'aiohttp is wrong: pieces of two versions of a file would be put together.',
    vectors: {
      'static: range: suffix of nothing': { status: 416, reason: 'Requested Range Not Satisfiable', headers: { 'content-type': 'application/octet-stream', 'content-range': 'bytes */36', 'content-length': '0', 'accept-ranges': null, etag: null, 'last-modified': null }, body: { text: '' } },
      'static: condition: If-Range, other etag is not looked at': { status: 200, reason: 'OK', headers: { 'content-length': '36', 'content-range': null }, body: { text: '0123456789abcdefghijklmnopqrstuvwxyz' } }
    }
  },
  {
    id: 'old-protocol',
    title: 'HTTP/0.9 is refused',
    aiohttp: 'A request line without a version is answered as HTTP/1.0 is.',
    here: '400, and the connection is closed.',
    why: 'HTTP/0.9 has neither status nor headers: nothing that asks this way can read the answer.',
    vectors: {
      'robustness: no version': { status: 400 }
    }
  },
  {
    id: 'head-limits',
    title: 'The limits of a head are Node\'s',
    aiohttp: '8190 bytes for each line, 128 header lines; beyond that 400.',
    here: '16 KiB for the whole head (`server: { maxHeaderSize }` in the runner\'s options), then 431; more than ' +
      '128 header lines are 431 as well.',
    why: 'Node\'s parser counts the head as a whole, and 431 is the status for that (RFC 6585, section 5).',
    vectors: {
      'robustness: target too long': { status: 404, closes: false },
      'robustness: header line too long': { status: 200, closes: false },
      'robustness: too many headers': { status: 431 }
    }
  },
  {
    id: 'refused-expectation',
    title: 'A refused expectation ends the connection',
    aiohttp: 'After a final answer to `Expect: 100-continue` the connection is kept, and a body that comes ' +
      'nevertheless is skipped.',
    here: 'The answer has `Connection: close`.',
    why: 'Node does so: the body may or may not follow, and what follows must not be taken for a request.',
    vectors: {
      'robustness: Expect refused by the application': { closes: true }
    }
  },
  {
    id: 'methods-and-versions',
    title: 'Methods and versions nobody serves',
    aiohttp: 'TRACE goes to a handler for any method, HTTP/2.0 in a request line is answered as HTTP/1.1 is.',
    here: 'TRACE and CONNECT are 501, versions other than 1.0 and 1.1 are 505, transfer codings other than chunked are 501.',
    why: 'TRACE shows headers to scripts that must not see them; the rest nobody speaks. `hardening: false` switches it off.',
    vectors: {}
  },
  {
    id: 'domains',
    title: 'A domain without a port is for every port',
    aiohttp: '`add_domain("api.example.com")` does not match `Host: api.example.com:8080`.',
    here: 'It does. A domain with a port matches that port only.',
    why: 'aiohttp is wrong: the same application would vanish on another port.',
    vectors: {}
  },
  {
    id: 'several-headers',
    title: 'Several header lines of one name',
    aiohttp: 'Of several Cookie or If-None-Match lines only the first counts; two User-Agent lines are 400.',
    here: 'All Cookie and If-None-Match lines count; of User-Agent the first.',
    why: 'HTTP/2 splits Cookie into lines, lists may be split anywhere (RFC 9110, section 5.3), the rest is Node\'s.',
    vectors: {}
  },
  {
    id: 'cookies',
    title: 'A cookie that would break the header is refused',
    aiohttp: 'Attributes are sent as they are given, a `;` in them included, and so are names with a colon.',
    here: 'Names are tokens, SameSite is one of three words, values and attributes that cannot be sent are coded errors.',
    why: 'aiohttp is wrong: what comes from a client could add attributes.',
    vectors: {}
  },
  {
    id: 'normalize-path',
    title: 'A path is normalized and not cut',
    aiohttp: 'With `remove_slash` and `merge_slashes` the last character of a merged path goes, slash or not.',
    here: 'Only a slash goes.',
    why: 'aiohttp is wrong: `/two//x` is redirected to `/two/`.',
    vectors: {}
  },
  {
    id: 'lengths',
    title: 'A wrong Content-Length is refused',
    aiohttp: 'A Content-Length header is sent as it is given, whatever the body has.',
    here: 'A coded error, and 500, before anything is sent; a stream that ends early cuts the connection.',
    why: 'aiohttp is wrong: the client would wait for the rest, or take it for the next response.',
    vectors: {}
  },
  {
    id: 'text-of-responses',
    title: 'Charsets of a response',
    aiohttp: 'Every charset Python knows.',
    here: 'utf-8, utf-16le, iso-8859-1 and us-ascii for what is sent; whatever the platform decodes for what is read.',
    why: 'Node writes no others.',
    vectors: {}
  }
]

/** The vector with the answer that is ours. */
export function changed (vector: Vector, change: Change): Vector {
  const { headers, ...rest } = change
  if (isRaw(vector)) return { ...vector, response: { ...vector.response, ...rest } as typeof vector.response }
  const fields: Record<string, string | readonly string[]> = { ...vector.response.headers }
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value === null) delete fields[name]
    else fields[name] = value
  }
  return { ...vector, response: { ...vector.response, ...rest, headers: fields } as typeof vector.response }
}

/** The rules in words, as they stand in the docs. */
export function renderDifferences (): string {
  return differences.map(({ id, title, aiohttp, here, why, vectors }) => [
    `### ${title}`,
    '',
    `- aiohttp: ${aiohttp}`,
    `- Here: ${here}`,
    `- Why: ${why}`,
    ...recorded(id, Object.keys(vectors)),
    ''
  ].join('\n')).join('\n')
}

function recorded (id: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`- Recorded (\`${id}\`): ${names.map(name => `“${name}”`).join(', ')}`]
}
