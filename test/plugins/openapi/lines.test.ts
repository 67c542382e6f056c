import t from 'tap'
import { lineOf } from '../../../plugins/openapi/lines.ts'

t.test('lineOf() finds keys and items of YAML and JSON', async t => {
  const parameters = [{ name: 'x', in: 'query' }, { name: 'y', in: 'path' }]
  const value = { paths: { '/a': { get: { parameters } } }, info: { name: 1 } }
  const json = JSON.stringify(value, null, 2)
  const yaml = [
    '# paths:', 'paths:', '  "/a":', '    get:', '      parameters:', '      - name: x', '        in: query',
    '      - name: y', '        in: path', 'info:', '  name: 1'
  ].join('\n')
  const second = ['paths', '/a', 'get', 'parameters', '1']

  t.equal(lineOf(yaml, [...second, 'in']), 9)
  t.equal(lineOf(yaml, [...second, 'name']), 8)
  t.equal(lineOf(yaml, ['info', 'name']), 11)
  t.equal(lineOf(yaml, ['paths', '/b']), 2, 'the closest one around it')
  t.equal(lineOf(json, [...second, 'in']), json.split('\n').findIndex(line => line.includes('"path"')) + 1)
  t.equal(lineOf(json, ['info', 'name']), json.split('\n').length - 2)
})
