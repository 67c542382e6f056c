import t from 'tap'
import { requote, requoteURL } from '../../lib/quote.ts'

t.test('requoteURL() writes URLs as yarl does', t => {
  for (const [url, quoted] of [
    ['/münchen?straße=ü b', '/m%C3%BCnchen?stra%C3%9Fe=%C3%BC+b'],
    ['/a%20b?c=%26', '/a%20b?c=%26'],
    ['/%41?%41=%2b+%20', '/A?A=%2B+%20'],
    ['/x\r\nX: 1', '/xX:%201'],
    ['https://bücher.example/x?a=b#é f', 'https://xn--bcher-kva.example/x?a=b#%C3%A9%20f'],
    ['//evil/é', '//evil/%C3%A9'],
    ['/a?b=c;d&e[]={}', '/a?b=c;d&e%5B%5D=%7B%7D'],
    ['?x', '?x'],
    ['#top', '#top'],
    ['a b', 'a%20b'],
    ['../up', '../up'],
    ['/%zz', '/%25zz'],
    ['/a%', '/a%25'],
    ['/a|b"<>?q=|"<>\'', "/a%7Cb%22%3C%3E?q=%7C%22%3C%3E'"],
    ['/a+b?c+d=e+f', '/a+b?c+d=e+f'],
    ['/a%2fb%2Fc?d%2fe', '/a%2Fb%2Fc?d/e'],
    ['/a\\b?\\', '/a%5Cb?%5C'],
    ['http://user:pa ss@h/', 'http://user:pa%20ss@h/'],
    ['HTTPS://h:8443/;a=b', 'https://h:8443/;a=b'],
    ['http://[::1]:80/', 'http://[::1]:80/'],
    ['/%7Euser/~', '/~user/~'],
    ["/!$&'()*+,;=:@-._~", "/!$&'()*+,;=:@-._~"],
    ['/[x]', '/%5Bx%5D'],
    ['mailto:é@x', 'mailto:%C3%A9@x'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
    ['\\\\evil.example', '%5C%5Cevil.example'],
    [' /x\t', '/x'],
    ['/\ud800', '/%EF%BF%BD'],
    ['http://a b/', 'http://a%20b/']
  ] as const) t.equal(requoteURL(url), quoted, url)
  t.end()
})

t.test('requote() keeps what means something else encoded, by the part', t => {
  t.equal(requote('%2b%2f%26', 'path'), '%2B%2F&')
  t.equal(requote('%2b%2f%26 ', 'query'), '%2B/%26+')
  t.equal(requote('%2b%2f%26 ', 'fragment'), '+/&%20')
  t.end()
})
