/**
 * Compiles templates with a parser, a compiler and a runtime that are nunjucks' own, changed where Jinja2 differs.
 *
 * @module
 */

import type { EngineSetup } from '../engine.ts'
import { TemplateError } from '../errors.ts'
import { compilerMethods } from './compiler.ts'
import { filters } from './filters.ts'
import { createNodes } from './nodes.ts'
import type { BlockFunction, Nunjucks, NunjucksEnvironment } from './nunjucks-types.ts'
import { parserMethods } from './parser.ts'
import { createPending, type Pending } from './pending.ts'
import { createRuntime } from './runtime.ts'
import { tests } from './tests.ts'

/** What makes templates out of texts. */
export interface Dialect {
  readonly pending: Pending
  /** @throws TemplateError when the text is no template */
  compile (text: string, file: string): Readonly<Record<string, BlockFunction>>
}

export function createDialect (nunjucks: Nunjucks, environment: NunjucksEnvironment, setup: EngineSetup): Dialect {
  const pending = createPending()
  const nodes = createNodes(nunjucks.nodes)
  const Parser = nunjucks.parser.Parser.extend('JinjaParser', parserMethods(nodes, nunjucks.lexer))
  const Compiler = nunjucks.compiler.Compiler.extend('JinjaCompiler', compilerMethods(nodes, environment))
  const runtime = createRuntime(nunjucks, { environment, pending, autoescape: setup.autoescape })
  Object.assign(environment.filters, filters(runtime), setup.filters)
  Object.assign(environment.tests, tests(runtime), setup.tests)
  Object.assign(environment.globals, runtime.globals, setup.globals)

  function translate (text: string, file: string): string {
    // Jinja2 drops one newline at the end.
    const parser = new Parser(nunjucks.lexer.lex(text.replace(/\r?\n$/, '')))
    const compiler = new Compiler(file, false)
    compiler.compile(parser.parseAsRoot())
    return compiler.getCode()
  }

  return {
    pending,
    compile (text, file) {
      const known = new Map<BlockFunction, BlockFunction>()
      const own = {
        ...runtime,
        handleError: (error: unknown, line: number) => locate(error, file, line + 1),
        known: (run: BlockFunction) => known.get(run)
      }
      const code = attempt(() => translate(text, file), file)
      // The code of a template is a program: templates come from the application, never from its users.
      // eslint-disable-next-line no-new-func
      const functions = attempt(() => new Function(code)() as Record<string, BlockFunction>, file)
      return Object.fromEntries(Object.entries(functions).map(([name, run]) => {
        const wrapped = withRuntime(run, own)
        known.set(run, wrapped)
        return [name, wrapped]
      }))
    }
  }
}

/** A function of a template with our runtime, which says in which file it fails. */
function withRuntime (run: BlockFunction, runtime: object): BlockFunction {
  return (environment, context, frame, _runtime, done) => run(environment, context, frame, runtime, done)
}

/** @throws TemplateError with the place the parser or the compiler tells, from 1 */
function attempt<Result> (translate: () => Result, file: string): Result {
  try {
    return translate()
  } catch (error) {
    throw locate(error, file, Object(error).lineno)
  }
}

/** What was thrown, with its place: that of the innermost template, when one includes another. */
function locate (error: unknown, file: string, line: number | undefined): TemplateError {
  for (let inner = error; inner instanceof Error; inner = inner.cause) if (inner instanceof TemplateError) return inner
  return new TemplateError({ file, line }, error)
}
