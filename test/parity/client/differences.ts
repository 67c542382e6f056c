/**
 * Where the client does something else than was recorded: the rule, why, and what comes instead.
 *
 * `docs/differences.md` is written from this list (`write-differences.ts`), and the replay holds every entry: what
 * comes has to be what was recorded with just these changes.
 *
 * @module
 */

import type { Case } from './case.ts'
import { isSpec } from './values.ts'

/** Members of a case by their path (`results.0.result.text`) and what they are instead; `undefined`: not there. */
export type Changes = Readonly<Record<string, unknown>>

/** One rule, with the cases it changes. */
export interface Difference {
  /** For links. */
  readonly id: string
  /** What it is about, as a heading. */
  readonly title: string
  /** What aiohttp does. */
  readonly aiohttp: string
  /** What we do. */
  readonly here: string
  readonly why: string
  /** Names of cases, and what changes in them. */
  readonly cases: Readonly<Record<string, Changes>>
}

const invalidUrl = (url: string) => ({
  error: { class: 'InvalidUrlClientError', attrs: { url, description: null } }
})
const payloadError = { class: 'ClientPayloadError', cause: ['PayloadEncodingError'] }
const framed = (text: string) => ({ framing: 'length', body: { text } })

/** All rules about the client. */
export const differences: readonly Difference[] = [
  {
    id: 'client-method',
    title: 'A method is a token',
    aiohttp: 'An empty method is sent.',
    here: 'A TypeError (`AIO_ERR_CLIENT_METHOD`), and nothing is sent.',
    why: 'aiohttp is wrong: the request line is none.',
    cases: { 'headers/empty-method': { 'results.0': { error: { class: 'TypeError' } }, seen: [] } }
  },
  {
    id: 'client-url',
    title: 'A URL names its scheme and a host that can be one',
    aiohttp: '`//host:80/` is requested, `//host/` fails in an assertion, and a host with a space is looked up.',
    here: 'All of them are an InvalidUrlClientError.',
    why: 'The mistake is named where it was made. What a base URL gives a scheme to is reported with it.',
    cases: {
      'url/no-scheme': {
        'results.0': invalidUrl('//127.0.0.1:{p_http}/x'), 'results.1': invalidUrl('//no-port.test/x'), seen: []
      },
      'url/unresolvable-names': { 'results.4': invalidUrl('http://exa mple.test/') },
      'base-url/protocol-relative': { 'results.0.result.url': '{alt}/x' }
    }
  },
  {
    id: 'client-spelling',
    title: "Values are written as JavaScript's",
    aiohttp: '`True`, `None`, `2.0`, `1e-07`.',
    here: '`true`, `null`, `2`, `1e-7`. Integers beyond 2^53 are BigInts.',
    why: 'It is what `String()` gives and what a reader of the code expects.',
    cases: {
      'params/numbers': {
        'results.0.result.url': '{http}/?big=12345678901234567890&neg=-5&zero=0&exp=1e%2B21&tiny=1e-7&f=2',
        'seen.0.target': '/?big=12345678901234567890&neg=-5&zero=0&exp=1e%2B21&tiny=1e-7&f=2'
      },
      'body/form-values-of-other-types': { 'seen.0.body': { text: 'i=1&f=1.5&t=true&n=null&l=a&l=b' } }
    }
  },
  {
    id: 'client-framing',
    title: 'A body is framed once',
    aiohttp: 'A Transfer-Encoding header is sent beside Content-Length, and `chunked=False` writes chunks anyway.',
    here: 'The header asks for chunks and gets them, without Content-Length; `chunked: false` is as if absent.',
    why: 'aiohttp is wrong: the server would read another body than was given.',
    cases: {
      'body/transfer-encoding-header': {
        'seen.0.headers': [
          ['Host', '127.0.0.1:{p_http}'], ['Transfer-Encoding', 'chunked'],
          ['Content-Type', 'text/plain; charset=utf-8']
        ]
      },
      'body/chunked-false': { 'seen.0.body': { text: 'hello' } }
    }
  },
  {
    id: 'client-field-names',
    title: 'Names of fields are UTF-8',
    aiohttp: 'A form field whose name is not ASCII fails after the head was sent.',
    here: 'It is sent, the name in UTF-8, as browsers send it.',
    why: 'aiohttp is wrong: the form is fine.',
    cases: {
      'body/multipart-unicode-name': {
        'results.0': { result: { status: 200, url: '{http}/', text: 'ok' } },
        seen: [{
          conn: 1,
          method: 'POST',
          target: '/',
          framing: 'length',
          headers: [
            ['Host', '127.0.0.1:{p_http}'], ['Content-Length', '<length>'],
            ['Content-Type', 'multipart/form-data; boundary=<boundary>']
          ],
          defaults: ['Accept', 'Accept-Encoding', 'User-Agent'],
          multipart: [{
            headers: [['Content-Type', 'text/plain'], ['Content-Disposition', 'form-data; name="ключ"']], text: '2'
          }]
        }]
      }
    }
  },
  {
    id: 'client-cookie-domains',
    title: 'A cookie is for no whole top-level domain',
    aiohttp: 'There is no list of public suffixes, and Domain is compared with its case.',
    here: 'Public suffixes are refused (tough-cookie), and Domain is compared without case.',
    why: 'One shop of a domain must not set cookies for all others.',
    cases: {
      'cookie-jar/domain-oddities': {
        'results.1.result.3': { name: 'upper', value: '2', path: '/', domain: 'example.test' },
        'results.2.result': {
          cookies: [['dot', '1'], ['upper', '2'], ['empty', '4'], ['lone', '5']],
          header: 'dot=1; empty=4; lone=5; upper=2'
        },
        'results.3.result': { cookies: [], header: '' }
      }
    }
  },
  {
    id: 'client-cookie-renewal',
    title: 'A cookie that is set again gets its new life',
    aiohttp: 'A session cookie that replaces one with a deadline still dies at the old deadline.',
    here: 'It lives as long as the session.',
    why: 'aiohttp is wrong: the server has said so.',
    cases: {
      'cookie-jar/overwrite-renews': { 'results.3.result': { cookies: [['a', '2']], header: 'a=2' } }
    }
  },
  {
    id: 'client-cookie-lists',
    title: 'A Set-Cookie header sets one cookie',
    aiohttp: 'A comma in the path begins a second cookie.',
    here: 'It is part of the path (RFC 6265, section 5.2).',
    why: 'Who can choose a path could otherwise set cookies.',
    cases: {
      'cookie-jar/many-in-one-header': {
        'results.1.result': [
          { name: 'a', value: '1', path: '/, b=2', domain: 'example.test' },
          { name: 'c', value: '3', path: '/', domain: 'example.test' },
          { name: 'd', value: '4', path: '/x', domain: 'example.test' },
          { name: 'e', value: '5', path: '/', domain: 'example.test' }
        ]
      }
    }
  },
  {
    id: 'client-credentials',
    title: 'Credentials stay with their origin',
    aiohttp: "A session's credentials without a base URL follow redirects to any origin.",
    here: 'They are for the origin the call began at.',
    why: 'aiohttp is wrong: whoever can redirect would be given the password.',
    cases: {
      'redirects/session-auth-cross-origin': { 'seen.1.headers': [['Host', '127.0.0.1:{p_alt}']] }
    }
  },
  {
    id: 'client-digest',
    title: 'A digest challenge that cannot be answered is forgotten',
    aiohttp: 'The next request to the origin fails before it is sent.',
    here: 'The next request is sent.',
    why: 'aiohttp is wrong: the server may ask for something else the next time.',
    cases: {
      'digest/unsupported-poisons': {
        'results.1': { result: { status: 200, url: '{http}/plain', text: 'ok' } },
        'seen.1': {
          conn: 1,
          method: 'GET',
          target: '/plain',
          headers: [['Host', '127.0.0.1:{p_http}']],
          defaults: ['Accept', 'Accept-Encoding', 'User-Agent']
        }
      }
    }
  },
  {
    id: 'client-proxy-headers',
    title: "A proxy's headers reach the proxy, and nobody else's do",
    aiohttp: "`proxy_headers` are sent with CONNECT only, and the session's headers go along.",
    here: '`proxyHeaders` are sent with plain requests as well; CONNECT has them alone.',
    why: 'What is meant for the server inside of the tunnel is not for the proxy.',
    cases: {
      'proxy/proxy-headers': {
        'seen.0.headers': [['Host', 'example.test:{p_http}'], ['X-Session', 's'], ['X-To-Proxy', '1']],
        'seen.1.headers': [
          ['Host', 'example.test:{p_http}'], ['X-Session', 's'], ['X-To-Proxy', '1'], ['Connection', 'close']
        ],
        'seen.2.headers': [['Host', '127.0.0.1:{p_tls}'], ['X-To-Proxy', '1']]
      }
    }
  },
  {
    id: 'client-stray-bytes',
    title: 'Bytes behind a response cost the connection, not the response',
    aiohttp: 'When they come in one piece with a good response, that response is lost.',
    here: 'The response is given, the connection is closed.',
    why: 'Which it is must not depend on how packets are cut.',
    cases: {
      'pool/extra-bytes-after-response': { 'results.0': { result: { status: 200, url: '{http}/1', text: 'ok' } } },
      'broken-body/body-on-bodiless': {
        'results.0': { result: { status: 204, url: '{http}/204', text: '' } },
        'results.1': { result: { status: 304, url: '{http}/304', text: '' } },
        'results.2': { result: { status: 200, url: '{http}/head', text: '' } }
      }
    }
  },
  {
    id: 'client-resend',
    title: 'A body is sent again whole or not at all',
    aiohttp: 'A file or a stream is sent again empty when the server has dropped the request.',
    here: 'A file is read again from its beginning; for a stream the error is raised.',
    why: 'aiohttp is wrong: the server would store nothing and say 200.',
    cases: {
      'retry/body-resent': {
        'seen.3': {
          conn: 3,
          method: 'PUT',
          target: '/f',
          headers: [['Host', '127.0.0.1:{p_http}'], ['Content-Length', '4'], ['Content-Type', 'text/plain']],
          defaults: ['Accept', 'Accept-Encoding', 'User-Agent'],
          ...framed('file')
        }
      },
      'retry/stream-resent-empty': { 'results.0': { error: { class: 'ServerDisconnectedError' } }, 'seen.1': undefined }
    }
  },
  {
    id: 'client-decompress',
    title: 'A body that cannot be decompressed is an error, whatever the coding is called',
    aiohttp: '`GZIP` in capitals cannot be decoded, a truncated gzip or brotli body passes as complete.',
    here: 'Names are compared without case; a body that misses its end is a ClientPayloadError when it is read.',
    why: 'aiohttp is wrong: half a file is not the file.',
    cases: {
      'decompress/name-case': { 'results.0.result.read_error': undefined, 'results.0.result.text': 'hello' },
      'decompress/truncated': {
        'results.0.result': { status: 200, url: '{http}/gzip', read_error: payloadError },
        'results.1': { result: { status: 200, url: '{http}/deflate', read_error: payloadError } },
        'results.2.result': { status: 200, url: '{http}/br', read_error: payloadError }
      },
      'decompress/bomb-read-whole': { 'results.0.result.content.total_bytes': 0 }
    }
  },
  {
    id: 'client-json',
    title: 'JSON is JSON',
    aiohttp: '`NaN` is a number.',
    here: 'A SyntaxError.',
    why: 'RFC 8259, section 6. `loads` takes another parser.',
    cases: {
      'json/malformed': {
        'results.2.result.json': undefined, 'results.2.result.read_error': { class: 'JSONDecodeError' }
      }
    }
  },
  {
    id: 'client-header-values',
    title: 'What is around a header value is no part of it',
    aiohttp: 'White space behind a value stays in `raw_headers`; bytes that are no UTF-8 become lone surrogates.',
    here: 'It is cut off (RFC 9110, section 5.5); such bytes are taken as latin1.',
    why: 'Nobody has to trim twice, and every string can be printed.',
    cases: {
      'response/raw-headers': { 'results.0.result.raw_headers.2.1': 'two' },
      'response/unicode-header': { 'results.0.result.header:X-L': ['é'] }
    }
  },
  {
    id: 'client-broken-bodies',
    title: 'A broken body is an error of reading it, at once',
    aiohttp: 'A bad chunk after the head waits for the total timeout; together with the head the request itself ' +
      'fails; a reset ends a body without length as if it were complete.',
    here: 'The response is given; reading it throws a ClientPayloadError.',
    why: 'aiohttp is wrong to wait and to pass off; and which error it is must not depend on how packets are cut.',
    cases: {
      'broken-body/bad-chunks': {
        'results.0.result.read_error': payloadError, 'results.1.result.read_error': payloadError
      },
      'broken-body/bad-chunks-at-once': {
        'results.0': { result: { status: 200, url: '{http}/', read_error: payloadError } }
      },
      'broken-body/eof-framed-reset': {
        'results.0.result.text': undefined, 'results.0.result.read_error': payloadError
      }
    }
  },
  {
    id: 'client-long-lines',
    title: 'A line that is too long is a ClientPayloadError',
    aiohttp: 'LineTooLong, which is no ClientError, beyond twice the buffer.',
    here: 'A ClientPayloadError beyond twice `readBufferSize`, or `maxSize` of the call.',
    why: 'One class to catch for what a server sends.',
    cases: { 'stream/line-too-long': { 'results.0.result.reads.0': { error: { class: 'ClientPayloadError' } } } }
  },
  {
    id: 'client-folded-head',
    title: 'A head does not begin with a folded line',
    aiohttp: 'White space before the first header is ignored.',
    here: 'ClientResponseError with status 400.',
    why: 'RFC 9112, section 2.2: servers and proxies disagree about what such a line is.',
    cases: {
      'broken-head/headers': {
        'results.4': {
          error: {
            class: 'ClientResponseError',
            attrs: {
              status: 400, history: [], request: { method: 'GET', url: '{http}/leading-space' }, headers: null
            },
            cause: ['InvalidHeader']
          }
        }
      }
    }
  },
  {
    id: 'client-early-answer',
    title: 'An upload stops with the answer',
    aiohttp: 'What is left of the body is still being sent when the server has answered.',
    here: 'Sending stops as soon as the whole answer is there; the connection is closed.',
    why: 'The server has decided; the rest costs time and data.',
    cases: { 'broken-head/early-answer-during-upload': { 'seen.0.chunks': [], 'seen.0.body': undefined } }
  },
  {
    id: 'client-closed-reads',
    title: 'Reading after the session has closed is a ClientError',
    aiohttp: 'A RuntimeError.',
    here: 'A ClientConnectionError.',
    why: 'The body was lost with its connection, as by a server that goes: one class to catch.',
    cases: { 'session/read-after-close': { 'results.2': { error: { class: 'ClientConnectionError' } } } }
  },
  {
    id: 'client-websocket-mask',
    title: 'A server must not mask',
    aiohttp: 'A masked frame of a server is accepted.',
    here: 'The connection is closed with 1002.',
    why: 'RFC 6455, section 5.1.',
    cases: {
      'websocket/protocol-errors': {
        'results.0.result.script': [
          { type: 'ERROR', data: { error: { class: 'WebSocketError', code: 1002 } } },
          { closed: true, close_code: 1002 }
        ],
        'results.0.result.end': { closed: true, close_code: 1002 },
        'seen.0.frames': [{ op: 8, masked: true, code: 1002, reason: '' }]
      }
    }
  },
  {
    id: 'client-websocket-state',
    title: 'A websocket that is open has no close code',
    aiohttp: 'After a receive that timed out `close_code` says 1006; an answer to the close frame that never came is ' +
      '`EofStream`.',
    here: '`closeCode` is `null` until the connection closes; a missing answer is a ClientConnectionResetError.',
    why: 'aiohttp is wrong: the socket is usable; and EofStream is a class nobody can import.',
    cases: {
      'websocket/receive-timeout': {
        'results.0.result.script.1.close_code': null, 'results.0.result.end.close_code': null
      },
      'websocket/close-answered-by-eof': {
        'results.0.result.script.1.exception': 'ClientConnectionResetError',
        'results.0.result.end.exception': 'ClientConnectionResetError'
      }
    }
  },
  {
    id: 'client-websocket-text',
    title: 'receiveStr() gives a string',
    aiohttp: 'With `decode_text=False` it gives bytes.',
    here: 'A string; `receive()` gives the Buffer.',
    why: 'What a method returns should not depend on an option elsewhere.',
    cases: { 'websocket/decode-text-off': { 'results.0.result.script.5': 'x' } }
  }
]

const byCase = new Map(differences.flatMap(({ cases }) => Object.entries(cases)))

/** A case as this client is to answer it. */
export function changed (spec: Case): Case {
  const changes = byCase.get(spec.name)
  if (changes === undefined) return spec
  const copy = structuredClone(spec)
  for (const [path, value] of Object.entries(changes)) put(copy, path.split('.'), value)
  return copy
}

/** Names of members have dots themselves: the longest that is there counts. */
function put (target: unknown, path: readonly string[], value: unknown): void {
  if (!Array.isArray(target) && !isSpec(target)) throw new TypeError(`Nothing to change at ${path.join('.')}`)
  const holder = target as Record<string, unknown>
  const whole = path.join('.')
  const [first = '', ...rest] = path
  if (rest.length > 0 && !(whole in holder)) return put(holder[first], rest, value)
  if (value !== undefined) holder[whole] = value
  else if (Array.isArray(target)) target.splice(Number(whole), 1)
  else delete holder[whole]
}

/** The rules in words, as they stand in the docs. */
export function renderDifferences (): string {
  return differences.map(({ id, title, aiohttp, here, why, cases }) => [
    `### ${title}`,
    '',
    `- aiohttp: ${aiohttp}`,
    `- Here: ${here}`,
    `- Why: ${why}`,
    `- Recorded (\`${id}\`): ${Object.keys(cases).map(name => `“${name}”`).join(', ')}`,
    ''
  ].join('\n')).join('\n')
}
