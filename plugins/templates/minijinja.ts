/**
 * The engine `minijinja`: by the author of Jinja2; strict (an undefined name is an error), and nothing is asynchronous.
 *
 * It escapes by the ending of a template's name, and so only names are taken that it escapes.
 *
 * @module
 */

import type { Environment } from 'minijinja-js'
import { AIO_ERR_OPTION_CONFLICT, AIO_ERR_PACKAGE_MISSING } from '../../lib/errors.ts'
import type { EngineSetup, TemplateContext, TemplateEngine } from './engine.ts'
import {
  AIO_ERR_TEMPLATE_ASYNC, AIO_ERR_TEMPLATE_ENDING, AIO_ERR_TEMPLATE_NOT_FOUND, TemplateError
} from './errors.ts'

/** What it escapes. */
const escaped = /\.(html?|xml)$/

/** @throws AIO_ERR_PACKAGE_MISSING, AIO_ERR_OPTION_CONFLICT */
export async function createMinijinja (setup: EngineSetup): Promise<TemplateEngine> {
  if (!setup.autoescape) throw new AIO_ERR_OPTION_CONFLICT('autoescape: false', 'engine: minijinja', 'the templates plugin')
  const environment = new (await load()).Environment()
  environment.undefinedBehavior = 'strict'
  environment.debug = setup.development
  environment.enablePyCompat()
  const guard = new Guard()
  for (const [name, filter] of Object.entries(setup.filters)) environment.addFilter(name, guard.around(name, filter))
  for (const [name, test] of Object.entries(setup.tests)) environment.addTest(name, guard.around(name, test))
  // Objects are copied into it, and an app is no value to copy.
  const { app: _, ...globals } = setup.globals
  for (const [name, value] of Object.entries(globals)) environment.addGlobal(name, guard.aroundAny(name, value))
  const loader = new Loader(environment, setup)
  return {
    render (name, context) {
      const guarded = Object.entries(context).map(([key, value]) => [key, guard.aroundAny(key, value)] as const)
      return guard.watch(name, () => loader.render(name, Object.fromEntries(guarded)))
    }
  }
}

/** Functions that never throw: an error in one would leave the engine's memory in pieces. It is thrown afterwards. */
class Guard {
  #errors: unknown[] = []

  around (name: string, run: (...values: never[]) => unknown): (...values: never[]) => unknown {
    return (...values) => {
      try {
        const result = run(...values)
        // Nothing can be waited for.
        if (result instanceof Promise) throw new AIO_ERR_TEMPLATE_ASYNC(`"${name}" with the engine minijinja`)
        return result
      } catch (error) {
        this.#errors.push(error)
        return undefined
      }
    }
  }

  aroundAny (name: string, value: unknown): unknown {
    return typeof value === 'function' ? this.around(name, value as () => unknown) : value
  }

  /** @throws TemplateError with the first error of a function */
  watch (file: string, render: () => string): string {
    this.#errors = []
    try {
      const text = render()
      if (this.#errors.length === 0) return text
    } catch (error) {
      if (this.#errors.length === 0) throw error
    }
    throw new TemplateError({ file, line: undefined }, this.#errors[0])
  }
}

/** Gives the environment templates when it asks for them: it has no way to fetch them by itself. */
class Loader {
  readonly #environment: Environment
  readonly #setup: EngineSetup
  readonly #versions = new Map<string, string>()

  constructor (environment: Environment, setup: EngineSetup) {
    this.#environment = environment
    this.#setup = setup
  }

  render (name: string, context: TemplateContext): string {
    const { development, files } = this.#setup
    if (development) {
      for (const [known, version] of this.#versions) if (files.versionOf(known) !== version) this.#add(known)
    }
    if (!this.#versions.has(name) && !this.#add(name)) throw new AIO_ERR_TEMPLATE_NOT_FOUND(name, files.places || 'no folder')
    for (;;) {
      try {
        return this.#environment.renderTemplate(name, context)
      } catch (error) {
        const missing = missingOf(error)
        // Rendered again with the template that it includes, extends or imports.
        if (missing === undefined || this.#versions.has(missing) || !this.#add(missing)) throw this.#located(error)
      }
    }
  }

  #add (name: string): boolean {
    this.#environment.removeTemplate(name)
    this.#versions.delete(name)
    const source = this.#setup.files.read(name)
    if (source === undefined) return false
    if (!escaped.test(name)) throw new AIO_ERR_TEMPLATE_ENDING(name)
    try {
      this.#environment.addTemplate(name, source.text)
    } catch (error) {
      throw this.#located(error)
    }
    this.#versions.set(name, source.version)
    return true
  }

  #located (error: unknown): unknown {
    const place = /\(in (.+):(\d+)\)/.exec(String(error))
    if (place === null) return error
    const [, name = '', line] = place
    return new TemplateError({ file: this.#setup.files.read(name)?.file ?? name, line: Number(line) }, error)
  }
}

/** The name of a template that another one needs. */
function missingOf (error: unknown): string | undefined {
  const text = String(error)
  return /template not found/.test(text) ? /template "([^"]+)"/.exec(text)?.[1] : undefined
}

async function load (): Promise<typeof import('minijinja-js')> {
  try {
    return await import('minijinja-js')
  } catch (error) {
    throw new AIO_ERR_PACKAGE_MISSING('minijinja-js', 'the templates plugin', { cause: error as Error })
  }
}
