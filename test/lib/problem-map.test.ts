import t from 'tap'
import { problemMap } from '../../lib/problem-map.ts'

t.test('problemMap() has the shape of the value, and the first problem of each field', async t => {
  t.equal(problemMap([{ instancePath: '', message: 'must be object' }]), 'must be object')
  t.same(JSON.stringify(problemMap([
    { instancePath: '/a/b~1c', message: 'first' },
    { instancePath: '/a/b~1c', message: 'second' },
    { instancePath: '/a', keyword: 'required', params: { missingProperty: '__proto__' } },
    { instancePath: '', keyword: 'if', message: 'must match "then" schema' },
    { instancePath: '/k', message: 'inside', keyword: 'type' },
    { instancePath: '/k', message: 'none of them', keyword: 'anyOf' }
  ])), '{"a":{"b/c":"first","__proto__":"required property"},"k":"none of them"}')
})
