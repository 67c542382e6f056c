/**
 * What a JSON schema did not accept, as a map with the shape of the value: `{ "name": "required property" }`.
 *
 * @module
 */

/** What a validator says of one problem; Ajv's errors are such. */
export interface SchemaProblem {
  readonly keyword?: unknown
  /** JSON pointer to the value (RFC 6901). */
  readonly instancePath?: unknown
  readonly message?: unknown
  readonly params?: unknown
}

/** A sentence, or sentences by field. */
export type ProblemMap = string | { readonly [field: string]: ProblemMap }

interface Fields { [field: string]: string | Fields }

/** Nobody reads more of them, and a body may have as many mistakes as bytes. */
const MAX_PROBLEMS = 50

/** The first problem of each field; what is wrong inside a choice is left out where the choice itself is named. */
export function problemMap (problems: readonly SchemaProblem[]): ProblemMap {
  const choices = problems.filter(({ keyword }) => keyword === 'oneOf' || keyword === 'anyOf').map(pointerOf)
  // Which branch was taken is no news: what is wrong in it is told as well.
  const told = problems.filter(problem => problem.keyword !== 'if' && !choices.some(choice => isInside(problem, choice)))
  const root: Fields = Object.create(null)
  for (const problem of told.slice(0, MAX_PROBLEMS)) {
    const path = pathOf(problem)
    if (path.length === 0) return sentenceOf(problem)
    put(root, path, sentenceOf(problem))
  }
  return root
}

function isInside (problem: SchemaProblem, choice: string): boolean {
  if (problem.keyword === 'oneOf' || problem.keyword === 'anyOf') {
    return pointerOf(problem).startsWith(`${choice}/`)
  }
  return pointerOf(problem) === choice || pointerOf(problem).startsWith(`${choice}/`)
}

function put (fields: Fields, path: readonly string[], sentence: string): void {
  const [name = '', ...rest] = path
  const known = fields[name]
  if (rest.length === 0) {
    fields[name] ??= sentence
    return
  }
  // A sentence about the whole value says enough.
  if (typeof known === 'string') return
  const inner: Fields = known ?? Object.create(null)
  fields[name] = inner
  put(inner, rest, sentence)
}

function pointerOf ({ instancePath }: SchemaProblem): string {
  return String(instancePath ?? '')
}

/** Down to the field that is missing, or is not wanted. */
function pathOf (problem: SchemaProblem): string[] {
  const path = pointerOf(problem).split('/').slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const { missingProperty, additionalProperty, unevaluatedProperty } = Object(problem.params)
  const name: unknown = missingProperty ?? additionalProperty ?? unevaluatedProperty
  return name === undefined ? path : [...path, String(name)]
}

function sentenceOf ({ keyword, message, params }: SchemaProblem): string {
  if (keyword === 'required') return 'required property'
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') return 'additional property not allowed'
  const { allowedValues } = Object(params)
  if (Array.isArray(allowedValues)) return `must be one of ${allowedValues.map(value => JSON.stringify(value)).join(', ')}`
  return String(message ?? 'is not valid')
}
