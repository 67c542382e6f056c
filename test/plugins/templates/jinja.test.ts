/** Templates give what Jinja2 3.1 gives: its outputs are recorded in jinja.json. */

import { readFileSync } from 'node:fs'
import t from 'tap'
import templates from '../../../plugins/templates/index.ts'
import { build } from '../../helper.ts'

interface Recorded {
  readonly context: Record<string, unknown>
  readonly files: Record<string, string>
  readonly cases: readonly [template: string, output: string][]
}
const recorded: Recorded = JSON.parse(readFileSync(new URL('./jinja.json', import.meta.url), 'utf8'))

/** Where the output is another one on purpose; docs/templates.md says so. */
const differences: Record<string, string> = {
  // Lists are written as JavaScript does.
  '{{ [1, 2] + [3] }}': '1,2,3',
  // There is null and undefined, and both are nothing.
  "{{ 1 == 1.0 }}{{ '1' == 1 }}{{ [1] == [1] }}{{ none == missing }}": 'truefalsetruetrue',
  "{{ {'a': '<'}|tojson }}": '{"a":"\\u003c"}',
  '{{ {\'k\': [1, true, none, "it\'s"]}|tojson }}': '{"k":[1,true,null,"it\\u0027s"]}',
  // There is one kind of numbers.
  "{{ f|round }}{{ f|int }}{{ '3'|int + 1 }}{{ 'x'|int(7) }}{{ '2.5'|float }}": '43472.5'
}
/** Not understood: `users[0].name` is. */
const refused = ["{{ users[0]['name'] }}{{ users.0.name }}"]

t.test('templates give what Jinja2 gives', async t => {
  const app = build(t)
  const cases = recorded.cases.filter(([template]) => !refused.includes(template))
  const sources = Object.fromEntries(cases.map(([template], index) => [`case-${index}`, template]))
  await app.register(templates, { sources: { ...recorded.files, ...sources } })

  for (const [index, [template, output]] of cases.entries()) {
    const text = await app.render(`case-${index}`, structuredClone(recorded.context))
    // Truth is written as JavaScript does.
    const expected = differences[template] ?? output.replaceAll('True', 'true').replaceAll('False', 'false')
    t.equal(text, expected, template)
  }
})

t.test('what is not understood is an error with its line', async t => {
  const app = build(t)
  await app.register(templates, {
    sources: {
      index: '\n{{ users.0.name }}',
      tag: '\n\n{% nope %}',
      filter: '\n{{ 1|nope }}',
      test: '{{ 1 is nope }}',
      open: 'a\n{% if 1 %}',
      unpack: '{% for a, b in [[1]] %}{% endfor %}',
      dynamic: "\n{{ [1]|map('nope')|join }}",
      target: '{% set 1 = 2 %}',
      member: '{% set d.x = 1 %}',
      with: '{% with 1 %}{% endwith %}',
      escape: '{% autoescape x %}{% endautoescape %}',
      slice: '{{ [1][1:2:3:4] }}',
      each: '{% asyncEach a in b %}'
    }
  })
  const lines: [name: string, line: number | undefined, message: RegExp][] = [
    ['index', 2, /expected a name/], ['tag', 3, /unknown block tag: nope/], ['filter', 2, /No filter named "nope"/],
    ['test', 1, /No test named "nope"/], ['unpack', 1, /cannot unpack 1 values into 2 names/],
    ['dynamic', 2, /No filter named "nope"/], ['target', 1, /Expected a name behind set/],
    ['member', 1, /cannot assign attribute/], ['with', 1, /expected "="/], ['escape', undefined, /expected true or false/],
    ['slice', 1, /an index or a slice/], ['each', 1, /is not needed/], ['open', undefined, /end of file/]
  ]
  for (const [name, line, message] of lines) {
    await t.rejects(app.render(name, { d: {} }), { code: 'AIO_ERR_TEMPLATE_RENDER', message }, name)
    if (line !== undefined) await t.rejects(app.render(name, { d: {} }), { message: `:${line}:` }, `${name}: its line`)
  }
})

t.test('a template reaches what it is given, and nothing behind it', async t => {
  const app = build(t)
  class Tea {
    name = 'Assam'
    get title () { return `${this.name}!` }
    hello (to: string) { return `${to} ${this.name}` }
  }
  await app.register(templates, {
    sources: {
      own: '{{ tea.name }} {{ tea.title }} {{ tea.hello("hi") }} {{ map.a }} {{ d.items }} {{ f }}',
      behind: '{{ tea.constructor }}{{ tea.__proto__ }}{{ f.constructor }}{{ f.call }}{{ constructor }}{{ toString }}' +
        '{{ "a".constructor }}{{ [].constructor }}{{ url.constructor }}{{ self.constructor }}{{ missing.a.b }}'
    }
  })
  const context = { tea: new Tea(), map: new Map([['a', 1]]), d: { items: 'own' }, f: function secret () {} }

  t.equal(await app.render('own', context), 'Assam Assam! hi Assam 1 own &lt;function secret&gt;')
  t.equal(await app.render('behind', context), '')
})
