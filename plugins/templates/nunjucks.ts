/**
 * The engine `nunjucks`: the package @11ty/nunjucks, brought closer to Jinja2 (`jinja/`).
 *
 * The package is not patched: it stays what it is for whoever uses it beside us.
 *
 * @module
 */

import { createRequire } from 'node:module'
import { AIO_ERR_PACKAGE_MISSING } from '../../lib/errors.ts'
import type { EngineSetup, TemplateEngine } from './engine.ts'
import { AIO_ERR_TEMPLATE_NOT_FOUND, TemplateError } from './errors.ts'
import { createDialect } from './jinja/dialect.ts'
import type { Nunjucks, NunjucksEnvironment, NunjucksTemplate } from './jinja/nunjucks-types.ts'
import { settle } from './jinja/pending.ts'

/** What nunjucks hands a template to when one includes, extends or imports another. */
type Callback = (error: unknown, template?: NunjucksTemplate) => void

/** @throws AIO_ERR_PACKAGE_MISSING */
export function createNunjucks (setup: EngineSetup): TemplateEngine {
  const nunjucks = loadNunjucks()
  const environment = new nunjucks.Environment([], { autoescape: setup.autoescape, dev: true })
  const dialect = createDialect(nunjucks, environment, setup)
  const find = templateFinder(setup, source => new nunjucks.Template(
    { type: 'code', obj: dialect.compile(source.text, source.file) }, environment, source.file, true))

  environment.getTemplate = (name: unknown, ...rest: unknown[]): unknown => {
    const [ignoreMissing, done] = [rest[2] === true, rest.find((item): item is Callback => typeof item === 'function')]
    const template = find(name, ignoreMissing)
    return done === undefined ? template : done(null, template)
  }
  return {
    render (name, context) {
      return settle(dialect.pending, () => renderNow(environment, find(name, false), context))
    }
  }
}

/** Compiled templates by name; in development only for as long as their text stays. */
function templateFinder (
  { files, development }: EngineSetup, compile: (source: { text: string, file: string }) => NunjucksTemplate
) {
  const compiled = new Map<string, { template: NunjucksTemplate, version: string }>()
  const nothing = compile({ text: '', file: '' })
  return function find (given: unknown, ignoreMissing: boolean): NunjucksTemplate {
    for (const name of [given].flat().map(String)) {
      const known = compiled.get(name)
      if (known !== undefined && (!development || files.versionOf(name) === known.version)) return known.template
      const source = files.read(name)
      if (source === undefined) continue
      const template = compile(source)
      compiled.set(name, { template, version: source.version })
      return template
    }
    if (ignoreMissing) return nothing
    throw new AIO_ERR_TEMPLATE_NOT_FOUND([given].flat().join("' or '"), files.places || 'no folder')
  }
}

/** Renders at once. @throws TemplateError, which nunjucks may have wrapped */
function renderNow (environment: NunjucksEnvironment, template: NunjucksTemplate, context: object): string {
  try {
    return template.render(context) ?? ''
  } catch (error) {
    for (let inner = error; inner instanceof Error; inner = inner.cause) if (inner instanceof TemplateError) throw inner
    throw error
  }
}

/** @throws AIO_ERR_PACKAGE_MISSING */
function loadNunjucks (): Nunjucks {
  try {
    return createRequire(import.meta.url)('@11ty/nunjucks') as Nunjucks
  } catch (error) {
    throw new AIO_ERR_PACKAGE_MISSING('@11ty/nunjucks', 'the templates plugin', { cause: error as Error })
  }
}
