/**
 * Paths in Fastify's syntax, for routes of plugged plugins: `/users/:id`, `/files/*`, `/at/:hour(^\\d+$)`.
 *
 * @module
 */

/** What a wildcard is called in the syntax of the table. */
export const wildcard = '_'

/** The path in the syntax of the table; braces stay what they are there. An optional variable makes two of it. */
export function fromFastify (path: string): string[] {
  const optional = /^(.*?)\/:(\w+)\?$/.exec(path)
  if (optional !== null) {
    const [, before = '', name = ''] = optional
    return [before === '' ? '/' : before, `${before}/:${name}`].flatMap(fromFastify)
  }
  return [path.split('::').map(part => part
    .replace(/:([A-Za-z_]\w*)(?:\(((?:[^()]|\([^()]*\))*)\))?/g, (_all, name: string, expression?: string) =>
      expression === undefined ? `{${name}}` : `{${name}:${expression.replace(/^\^|\$$/g, '')}}`)
    .replace(/\*$/, `{${wildcard}:.*}`)).join(':')]
}

/** Whether it ends with a wildcard. */
export function hasWildcard (path: string): boolean {
  return path.endsWith('*')
}
