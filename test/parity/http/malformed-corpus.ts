/**
 * Malformed and borderline requests, written from RFC 9112 and RFC 9110: raw bytes, and what must happen.
 *
 * Bytes are latin1. A refused request gets one answer and the end of its connection, and reaches no handler.
 */

/** One case. */
export interface Case {
  readonly name: string
  readonly raw: string
  /** Statuses of all answers, interim ones included. */
  readonly statuses: readonly number[]
  /** How many requests reach a handler. */
  readonly calls: number
  /** Whether the server ends the connection afterwards. */
  readonly closes: boolean
}

const H = 'Host: x\r\n'
const cases: Case[] = []

function refused (name: string, raw: string, status = 400): void {
  cases.push({ name, raw, statuses: [status], calls: 0, closes: true })
}

function served (name: string, raw: string, statuses: readonly number[] = [200], closes = false): void {
  cases.push({ name, raw, statuses, calls: statuses.filter(status => status === 200).length, closes })
}

/** A whole request with one more header. */
function withHeader (line: string, method = 'GET'): string {
  return `${method} / HTTP/1.1\r\n${H}${line}\r\n\r\n`
}

function chunked (body: string, headers = ''): string {
  return `POST / HTTP/1.1\r\n${H}${headers}Transfer-Encoding: chunked\r\n\r\n${body}`
}

function sized (length: string, body = 'hello'): string {
  return `POST / HTTP/1.1\r\n${H}Content-Length: ${length}\r\n\r\n${body}`
}

const good = `GET / HTTP/1.1\r\n${H}\r\n`

// RFC 9112, section 2.2: message parsing; section 3: the request line
served('a plain request', good)
served('an empty line before the request', `\r\n${good}`)
served('several empty lines before the request', `\r\n\r\n\r\n${good}`)
served('two spaces in the request line', `GET  / HTTP/1.1\r\n${H}\r\n`)
refused('garbage', 'this is not HTTP at all\r\n\r\n')
refused('a TLS handshake', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\x00\x00')
refused('an SSH banner', 'SSH-2.0-OpenSSH_9.2p1\r\n')
refused('a response', 'HTTP/1.1 200 OK\r\n\r\n')
refused('NUL bytes', '\0\0\0\0\0\0')
refused('a line feed alone after the request line', `GET / HTTP/1.1\n${H}\r\n`)
refused('line feeds alone', 'GET / HTTP/1.1\nHost: x\n\n')
refused('a carriage return alone after the request line', `GET / HTTP/1.1\r${H}\r\n`)
refused('space before the method', ` GET / HTTP/1.1\r\n${H}\r\n`)
refused('a tab for a space', `GET\t/ HTTP/1.1\r\n${H}\r\n`)
refused('a space behind the version', `GET / HTTP/1.1 \r\n${H}\r\n`)
refused('a second target', `GET / / HTTP/1.1\r\n${H}\r\n`)
refused('a space in the target', `GET /a b HTTP/1.1\r\n${H}\r\n`)
refused('space before the first header (section 2.2)', `GET / HTTP/1.1\r\n Host: x\r\n${H}\r\n`)
refused('a method and nothing else', 'GET\r\n\r\n')
refused('no method', `/ HTTP/1.1\r\n${H}\r\n`)
refused('no target', `GET HTTP/1.1\r\n${H}\r\n`)
refused('a method in lower case', `get / HTTP/1.1\r\n${H}\r\n`)
refused('an unknown method', `FOOBAR / HTTP/1.1\r\n${H}\r\n`)
refused('an overlong method', `${'G'.repeat(300)} / HTTP/1.1\r\n${H}\r\n`)
refused('a control byte in the method', `G\x01T / HTTP/1.1\r\n${H}\r\n`)
refused('a byte order mark', `\xef\xbb\xbf${good}`)
refused('TRACE', `TRACE / HTTP/1.1\r\n${H}\r\n`, 501)
refused('TRACE with Max-Forwards', `TRACE / HTTP/1.1\r\n${H}Max-Forwards: 0\r\n\r\n`, 501)
refused('CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', 501)
refused('CONNECT to a path', `CONNECT / HTTP/1.1\r\n${H}\r\n`, 501)
refused('CONNECT without Host', 'CONNECT x:443 HTTP/1.1\r\n\r\n', 501)
refused('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

// RFC 9112, section 2.3: the version
refused('HTTP/0.9', 'GET /\r\n\r\n')
refused('HTTP/0.9 with a header', `GET /\r\n${H}\r\n`)
refused('HTTP/0.9 by name', `GET / HTTP/0.9\r\n${H}\r\n`)
refused('POST in HTTP/0.9', 'POST /\r\n\r\n')
refused('HTTP/2.0', `GET / HTTP/2.0\r\n${H}\r\n`, 505)
refused('HTTP/1.2', `GET / HTTP/1.2\r\n${H}\r\n`, 505)
refused('HTTP/1.9', `GET / HTTP/1.9\r\n${H}\r\n`, 505)
refused('HTTP/3.0', `GET / HTTP/3.0\r\n${H}\r\n`, 505)
refused('HTTP/9.9', `GET / HTTP/9.9\r\n${H}\r\n`, 505)
refused('a version of two digits', `GET / HTTP/1.10\r\n${H}\r\n`)
refused('a major version of two digits', `GET / HTTP/11.1\r\n${H}\r\n`)
refused('no minor version', `GET / HTTP/1\r\n${H}\r\n`)
refused('no digit before the dot', `GET / HTTP/.1\r\n${H}\r\n`)
refused('letters for a version', `GET / HTTP/x.y\r\n${H}\r\n`)
refused('a comma for a dot', `GET / HTTP/1,1\r\n${H}\r\n`)
refused('HTTP in lower case', `GET / http/1.1\r\n${H}\r\n`)
refused('another protocol', `GET / HTPP/1.1\r\n${H}\r\n`)
refused('a protocol that goes on', `GET / HTTPS/1.1\r\n${H}\r\n`)
refused('a space in the version', `GET / HTTP/ 1.1\r\n${H}\r\n`)
refused('a negative version', `GET / HTTP/-1.1\r\n${H}\r\n`)
served('HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', [200], true)
served('HTTP/1.0 that stays', 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
served('HTTP/1.0 with Host', `GET / HTTP/1.0\r\n${H}\r\n`, [200], true)

// RFC 9112, section 3.2: forms of the target
served('an absolute target', `GET http://x/path HTTP/1.1\r\n${H}\r\n`)
served('an absolute target without a path', `GET http://x HTTP/1.1\r\n${H}\r\n`)
served('an absolute target in other letters', `GET HTTP://X/ HTTP/1.1\r\n${H}\r\n`)
served('an absolute target with the port of its scheme', `GET http://x:80/ HTTP/1.1\r\n${H}\r\n`)
served('an absolute target of https with its port', 'GET https://x/ HTTP/1.1\r\nHost: x:443\r\n\r\n')
served('an absolute target with another port, twice', 'GET http://x:81/ HTTP/1.1\r\nHost: x:81\r\n\r\n')
served('an absolute target in HTTP/1.0 without Host', 'GET http://x/ HTTP/1.0\r\n\r\n', [200], true)
served('an absolute target of an IPv6 address', 'GET http://[::1]/ HTTP/1.1\r\nHost: [::1]\r\n\r\n')
refused('an absolute target of another host', `GET http://y/ HTTP/1.1\r\n${H}\r\n`)
refused('an absolute target of a longer host', `GET http://x.y/ HTTP/1.1\r\n${H}\r\n`)
refused('an absolute target of another port', `GET http://x:81/ HTTP/1.1\r\n${H}\r\n`)
refused('an absolute target with a user', `GET http://user@x/ HTTP/1.1\r\n${H}\r\n`)
refused('an absolute target whose user looks like the host', `GET http://x:80@y/ HTTP/1.1\r\n${H}\r\n`)
refused('an absolute target of another host in HTTP/1.0', `GET http://y/ HTTP/1.0\r\n${H}\r\n`)
refused('an absolute target and no Host', 'GET http://x/ HTTP/1.1\r\n\r\n')
refused('an absolute target without a host', `GET http:///path HTTP/1.1\r\n${H}\r\n`)
refused('an absolute target of another scheme', `GET ftp://x/ HTTP/1.1\r\n${H}\r\n`)
refused('a target of a scheme without slashes', `GET javascript:alert(1) HTTP/1.1\r\n${H}\r\n`)
refused('a file target', `GET file:///etc/passwd HTTP/1.1\r\n${H}\r\n`)
refused('a target without a slash', `GET path HTTP/1.1\r\n${H}\r\n`)
refused('a target with dots first', `GET ../path HTTP/1.1\r\n${H}\r\n`)
refused('a query alone', `GET ?a=1 HTTP/1.1\r\n${H}\r\n`)
refused('a fragment alone', `GET #a HTTP/1.1\r\n${H}\r\n`)
refused('a host and a port as the target of GET', `GET x:80 HTTP/1.1\r\n${H}\r\n`)
served('* for OPTIONS', `OPTIONS * HTTP/1.1\r\n${H}\r\n`)
refused('* for GET', `GET * HTTP/1.1\r\n${H}\r\n`)
refused('* for POST', `POST * HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`)
refused('* and more', `OPTIONS *a HTTP/1.1\r\n${H}\r\n`)
refused('raw UTF-8 in the target', `GET /\xc3\xb6 HTTP/1.1\r\n${H}\r\n`)
refused('a NUL in the target', `GET /a\0b HTTP/1.1\r\n${H}\r\n`)
refused('DEL in the target', `GET /a\x7fb HTTP/1.1\r\n${H}\r\n`)
refused('a control byte in the target', `GET /a\x02b HTTP/1.1\r\n${H}\r\n`)
refused('a tab in the target', `GET /a\tb HTTP/1.1\r\n${H}\r\n`)
refused('a carriage return in the target', `GET /a\rb HTTP/1.1\r\n${H}\r\n`)
served('a fragment behind the path', `GET /a#b HTTP/1.1\r\n${H}\r\n`)
served('a target with encoded control bytes', `GET /%00%0d%0a HTTP/1.1\r\n${H}\r\n`)
refused('a target of 20 KB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${H}\r\n`, 431)

// RFC 9112, section 3.2; RFC 9110, section 7.2: Host
refused('no Host', 'GET / HTTP/1.1\r\n\r\n')
refused('no Host, a body', 'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello')
refused('no Host, a request behind it', `GET / HTTP/1.1\r\n\r\n${good}`)
refused('Host twice', withHeader('Host: y'))
refused('the same Host twice', withHeader('Host: x'))
refused('Host twice, in other letters', withHeader('hOST: y'))
refused('Host twice, the second empty', withHeader('Host:'))
refused('Host three times', withHeader('Host: y\r\nHost: z'))
refused('Host twice in HTTP/1.0', `GET / HTTP/1.0\r\n${H}Host: y\r\n\r\n`)
refused('Host twice, a request behind it', `${withHeader('Host: y')}${good}`)
refused('Host twice in an upgrade', withHeader('Host: y\r\nConnection: Upgrade\r\nUpgrade: h2c'))
refused('Host twice in a websocket handshake', withHeader(
  'Host: y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='))
refused('Host twice, and a body is expected', withHeader('Host: y\r\nExpect: 100-continue\r\nContent-Length: 5', 'POST'))
refused('Host twice, something is expected', withHeader('Host: y\r\nExpect: money'))
refused('no Host in a websocket handshake', 'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
refused('a path in Host', 'GET / HTTP/1.1\r\nHost: x/path\r\n\r\n')
refused('a query in Host', 'GET / HTTP/1.1\r\nHost: x?a\r\n\r\n')
refused('a user in Host', 'GET / HTTP/1.1\r\nHost: user@x\r\n\r\n')
refused('a scheme in Host', 'GET / HTTP/1.1\r\nHost: http://x\r\n\r\n')
refused('a space in Host', 'GET / HTTP/1.1\r\nHost: x y\r\n\r\n')
refused('a tab in Host', 'GET / HTTP/1.1\r\nHost: x\ty\r\n\r\n')
refused('two names in Host', 'GET / HTTP/1.1\r\nHost: x, y\r\n\r\n')
refused('a backslash in Host', 'GET / HTTP/1.1\r\nHost: x\\y\r\n\r\n')
refused('a port of letters', 'GET / HTTP/1.1\r\nHost: x:http\r\n\r\n')
refused('two ports', 'GET / HTTP/1.1\r\nHost: x:80:81\r\n\r\n')
refused('an IPv6 address without brackets', 'GET / HTTP/1.1\r\nHost: ::1\r\n\r\n')
refused('half a bracket', 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n')
refused('a quote in Host', 'GET / HTTP/1.1\r\nHost: x"y\r\n\r\n')
refused('markup in Host', 'GET / HTTP/1.1\r\nHost: <script>\r\n\r\n')
refused('raw UTF-8 in Host', 'GET / HTTP/1.1\r\nHost: \xc3\xb6\r\n\r\n')
served('an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n')
served('Host with a port', 'GET / HTTP/1.1\r\nHost: x:8080\r\n\r\n')
served('Host with an empty port', 'GET / HTTP/1.1\r\nHost: x:\r\n\r\n')
served('Host with an IPv6 address', 'GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n')
served('Host with an underscore', 'GET / HTTP/1.1\r\nHost: a_b\r\n\r\n')
served('Host last', `GET / HTTP/1.1\r\nX: y\r\n${H}\r\n`)
served('spaces around Host', 'GET / HTTP/1.1\r\nHost: \t x \t\r\n\r\n')

// RFC 9112, section 5: field lines
refused('a header without a colon', withHeader('X-Broken'))
refused('a space before the colon', withHeader('X-Space : 1'))
refused('a space before the colon of Host', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n')
refused('a tab before the colon', withHeader('X-Tab\t: 1'))
refused('a header without a name', withHeader(': 1'))
refused('a folded header', withHeader('X-Fold: a\r\n b'))
refused('a header folded with a tab', withHeader('X-Fold: a\r\n\tb'))
refused('a NUL in a value', withHeader('X-Nul: a\0b'))
refused('a control byte in a value', withHeader('X-Control: a\x01b'))
refused('DEL in a value', withHeader('X-Del: a\x7fb'))
refused('a carriage return in a value', withHeader('X-CR: a\rb'))
refused('a line feed alone in a value', withHeader('X-LF: a\nX-Next: b'))
refused('a NUL in a name', withHeader('X-\0: a'))
refused('UTF-8 in a name', withHeader('X-\xc3\xb6: a'))
refused('a space in a name', withHeader('X Y: a'))
refused('a slash in a name', withHeader('X/Y: a'))
refused('brackets in a name', withHeader('X[0]: a'))
refused('a quote in a name', withHeader('"X": a'))
refused('a line feed before the end', `GET / HTTP/1.1\r\n${H}\n\r\n`)
refused('a carriage return and something else', `GET / HTTP/1.1\r\n${H}\rX: y\r\n\r\n`)
served('an empty value', withHeader('X-Empty:'))
served('no space behind the colon', withHeader('X:1'))
served('bytes that are not ASCII in a value', withHeader('X-Bytes: a\xff\xfeb'))
served('a tab in a value', withHeader('X-Tab: a\tb'))
served('every token character in a name', withHeader("!#$%&'*+-.^_`|~09azAZ: a"))
served('128 headers', `GET / HTTP/1.1\r\n${H}${'a:\r\n'.repeat(127)}\r\n`)
refused('129 headers', `GET / HTTP/1.1\r\n${H}${'a:\r\n'.repeat(128)}\r\n`, 431)
refused('3000 headers', `GET / HTTP/1.1\r\n${H}${'a:\r\n'.repeat(3000)}\r\n`, 431)
refused('129 headers and a second Host among the last', `GET / HTTP/1.1\r\n${H}${'a:\r\n'.repeat(3000)}Host: y\r\n\r\n`, 431)
refused('a header of 20 KB', withHeader(`X: ${'a'.repeat(20_000)}`), 431)
refused('a name of 20 KB', withHeader(`${'a'.repeat(20_000)}: b`), 431)

// RFC 9112, section 6.2; RFC 9110, section 8.6: Content-Length
served('Content-Length', sized('5'))
served('Content-Length with zeros', sized('0005'))
served('Content-Length 0', sized('0', ''))
refused('Content-Length with a sign', sized('+5'))
refused('Content-Length below zero', sized('-5'))
refused('Content-Length -0', sized('-0', ''))
refused('Content-Length in hexadecimal', sized('0x5'))
refused('Content-Length with a fraction', sized('5.0'))
refused('Content-Length with an exponent', sized('5e0'))
refused('Content-Length with an underscore', sized('1_0', 'helloworld'))
refused('Content-Length with a comma', sized('1,0', 'helloworld'))
refused('Content-Length with a space inside', sized('1 0', 'helloworld'))
refused('Content-Length in words', sized('abc'))
refused('Content-Length in quotes', sized('"5"'))
refused('an empty Content-Length', sized('', ''))
refused('Content-Length with letters behind', sized('5a'))
refused('Content-Length with a semicolon', sized('5;a=b'))
refused('Content-Length in Arabic digits', sized('\xd9\xa5'))
refused('Content-Length in superscript', sized('\xb2', 'he'))
refused('Content-Length above 64 bits', sized('18446744073709551621'))
refused('Content-Length of a hundred digits', sized('9'.repeat(100)))
refused('Content-Length twice, different', withHeader('Content-Length: 5\r\nContent-Length: 6', 'POST') + 'hello')
refused('Content-Length twice, alike', withHeader('Content-Length: 5\r\nContent-Length: 5', 'POST') + 'hello')
refused('Content-Length as a list', sized('5, 5'))
refused('Content-Length as a list of different ones', sized('5, 6'))
refused('a space before the colon of Content-Length', withHeader('Content-Length : 5', 'POST') + 'hello')
served('a body that looks like a request', sized(String(good.length), good))
served('a body, then a request', `${sized('5')}${good}`, [200, 200])
served('GET with a body', withHeader('Content-Length: 5') + 'hello')

// RFC 9112, section 6.1: Transfer-Encoding
served('chunked', chunked('5\r\nhello\r\n0\r\n\r\n'))
served('Chunked in other letters', withHeader('tRANSFER-eNCODING: cHUNKED', 'POST') + '0\r\n\r\n')
served('chunked, then a request', `${chunked('5\r\nhello\r\n0\r\n\r\n')}${good}`, [200, 200])
refused('chunked and Content-Length', chunked('0\r\n\r\n', 'Content-Length: 5\r\n'))
refused('Content-Length behind chunked', withHeader('Transfer-Encoding: chunked\r\nContent-Length: 5', 'POST') + '0\r\n\r\n')
refused('chunked and Content-Length 0', chunked('0\r\n\r\n', 'Content-Length: 0\r\n'))
refused('chunked and an obfuscated Content-Length', chunked('0\r\n\r\n', 'Content-Length : 5\r\n'))
refused('gzip and chunked', withHeader('Transfer-Encoding: gzip, chunked', 'POST') + '0\r\n\r\n', 501)
refused('an unknown coding and chunked', withHeader('Transfer-Encoding: cow, chunked', 'POST') + '0\r\n\r\n', 501)
refused('identity and chunked', withHeader('Transfer-Encoding: identity, chunked', 'POST') + '0\r\n\r\n', 501)
refused('chunked is not last', withHeader('Transfer-Encoding: chunked, gzip', 'POST') + '0\r\n\r\n')
refused('chunked and identity', withHeader('Transfer-Encoding: chunked, identity', 'POST') + '0\r\n\r\n')
refused('gzip alone', withHeader('Transfer-Encoding: gzip', 'POST'))
refused('identity', withHeader('Transfer-Encoding: identity', 'POST'))
refused('an empty coding', withHeader('Transfer-Encoding:', 'POST'))
refused('a coding that begins like chunked', withHeader('Transfer-Encoding: chunkedd', 'POST'))
refused('a coding that ends like chunked', withHeader('Transfer-Encoding: xchunked', 'POST'))
refused('chunked in quotes', withHeader('Transfer-Encoding: "chunked"', 'POST'))
refused('chunked with a vertical tab', withHeader('Transfer-Encoding: \x0bchunked', 'POST'))
refused('chunked with a parameter', withHeader('Transfer-Encoding: chunked;q=1', 'POST'))
refused('chunked twice', withHeader('Transfer-Encoding: chunked, chunked', 'POST') + '0\r\n\r\n')
refused('chunked on two lines', withHeader('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'POST') + '0\r\n\r\n')
refused('two codings on two lines', withHeader('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked', 'POST') + '0\r\n\r\n')
refused('chunked and identity on two lines',
  withHeader('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', 'POST') + '0\r\n\r\n')
refused('a space before the colon of Transfer-Encoding', withHeader('Transfer-Encoding : chunked', 'POST'))
refused('a folded Transfer-Encoding', withHeader('Transfer-Encoding:\r\n chunked', 'POST'))
refused('chunked in HTTP/1.0', `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)
refused('chunked in HTTP/1.0 that stays',
  `POST / HTTP/1.0\r\n${H}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${good}`)
served('chunked for GET', withHeader('Transfer-Encoding: chunked') + '0\r\n\r\n')

// RFC 9112, section 7.1: chunks
served('chunks in upper case', chunked('A\r\nhelloworld\r\n0\r\n\r\n'))
served('a chunk size with zeros', chunked('0005\r\nhello\r\n000\r\n\r\n'))
served('a chunk extension', chunked('5;a=b\r\nhello\r\n0\r\n\r\n'))
served('a quoted chunk extension', chunked('5;a="b c"\r\nhello\r\n0\r\n\r\n'))
served('an extension of the last chunk', chunked('5\r\nhello\r\n0;a\r\n\r\n'))
served('a trailer', chunked('5\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n'))
refused('a chunk size that is no number', chunked('xyz\r\nhello\r\n0\r\n\r\n'))
refused('a chunk size with 0x', chunked('0x5\r\nhello\r\n0\r\n\r\n'))
refused('a chunk size with a sign', chunked('+5\r\nhello\r\n0\r\n\r\n'))
refused('a negative chunk size', chunked('-5\r\nhello\r\n0\r\n\r\n'))
refused('an empty chunk size', chunked('\r\nhello\r\n0\r\n\r\n'))
refused('a space before a chunk size', chunked(' 5\r\nhello\r\n0\r\n\r\n'))
refused('a space behind a chunk size', chunked('5 \r\nhello\r\n0\r\n\r\n'))
refused('a chunk size above 64 bits', chunked('fffffffffffffffff\r\nhello\r\n0\r\n\r\n'))
refused('a line feed alone behind a chunk size', chunked('5\nhello\r\n0\r\n\r\n'))
refused('a carriage return and something else behind a chunk size', chunked('5\rXhello\r\n0\r\n\r\n'))
refused('a chunk that goes on', chunked('5\r\nhelloX\r\n0\r\n\r\n'))
refused('a line feed alone behind a chunk', chunked('5\r\nhello\n0\r\n\r\n'))
refused('a chunk without a line end', chunked('5\r\nhello0\r\n\r\n'))
refused('a NUL in a chunk size', chunked('5\0\r\nhello\r\n0\r\n\r\n'))
refused('a NUL in a chunk extension', chunked('5;a=\0\r\nhello\r\n0\r\n\r\n'))
refused('a line feed in a chunk extension', chunked('5;a\nhello\r\n0\r\n\r\n'))
refused('a chunk extension of 20 KB', chunked(`5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`), 413)
refused('a trailer without a colon', chunked('5\r\nhello\r\n0\r\nbroken\r\n\r\n'))
refused('a space before the colon of a trailer', chunked('5\r\nhello\r\n0\r\nX : a\r\n\r\n'))
refused('a folded trailer', chunked('5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n'))
refused('a trailer of 20 KB', chunked(`5\r\nhello\r\n0\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`), 431)
served('a trailer that names a host', chunked('5\r\nhello\r\n0\r\nHost: y\r\n\r\n'))
served('a trailer that names a length', chunked(`5\r\nhello\r\n0\r\nX: y\r\n\r\n${good}`), [200, 200])

// RFC 9112, section 9: connections and pipelines
served('a pipeline', `${good}${good}${good}`, [200, 200, 200])
served('Connection: close', withHeader('Connection: close'), [200], true)
served('a request behind Connection: close', `${withHeader('Connection: close')}${good}`, [200], true)
served('garbage behind Connection: close', `${withHeader('Connection: close')}garbage`, [200], true)
cases.push({ name: 'garbage behind a request', raw: `${good}garbage\r\n\r\n`, statuses: [200, 400], calls: 1, closes: true })
cases.push({
  name: 'a refused request behind a good one, and a good one behind it',
  raw: `${good}${withHeader('Host: y')}${good}`,
  statuses: [200, 400],
  calls: 1,
  closes: true
})
cases.push({
  name: 'a body of the wrong length, seen as the next request',
  raw: `${sized('4')}${good}`,
  statuses: [200, 400],
  calls: 1,
  closes: true
})
cases.push({ name: 'garbage behind a pipeline', raw: `${good}${good}\0`, statuses: [200, 200, 400], calls: 2, closes: true })
cases.push({
  name: 'garbage behind a chunked body', raw: `${chunked('0\r\n\r\n')}\0`, statuses: [200, 400], calls: 1, closes: true
})
cases.push({
  name: 'TRACE behind a request', raw: `${good}TRACE / HTTP/1.1\r\n${H}\r\n`, statuses: [200, 501], calls: 1, closes: true
})
cases.push({
  name: 'CONNECT behind a request',
  raw: `${good}CONNECT x:80 HTTP/1.1\r\n${H}\r\n`,
  statuses: [200, 501],
  calls: 1,
  closes: true
})
served('an upgrade to HTTP/2 that is left alone',
  withHeader('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__'))
served('an upgrade to something else', withHeader('Connection: upgrade\r\nUpgrade: foo/2'))
served('Upgrade without Connection', withHeader('Upgrade: websocket'))

// RFC 9110, section 10.1.1: Expect
served('Expect: 100-continue', withHeader('Expect: 100-continue\r\nContent-Length: 5', 'POST') + 'hello', [100, 200])
served('Expect in HTTP/1.0', `GET / HTTP/1.0\r\n${H}Expect: 100-continue\r\n\r\n`, [200], true)
served('an expectation nobody knows', withHeader('Expect: money'), [417])

/** All cases. */
export const corpus: readonly Case[] = cases
