/**
 * Options of the openapi plugin.
 *
 * @module
 */

import { boolean, check, either, func, object, oneOf, string, type Shape } from '../../lib/options.ts'
import type { RouteInfo } from '../routes/index.ts'
import type { MediaTypeReader } from './bodies.ts'
import type { CredentialsCheck } from './credentials.ts'
import type { StringFormat } from './schemas.ts'

/** Options of the openapi plugin. */
export interface OpenApiOptions {
  /**
   * Title and version of the API, and more of the Info Object.
   *
   * @default { title: 'API', version: '1.0.0' }
   */
  info?: Readonly<{ title: string, version: string, [more: string]: unknown }> | undefined
  /**
   * More of the document: `servers`, `tags`, `security`, `components` (`securitySchemes`), `externalDocs`, `openapi`.
   *
   * @default { openapi: '3.1.0' }
   */
  document?: Readonly<Record<string, unknown>> | undefined
  /**
   * A description that exists: a YAML or JSON file, or an object. Its operations get handlers by
   * `app.openapi.handle()`, and their requests are checked.
   *
   * @default none
   */
  spec?: string | URL | object | undefined
  /**
   * Where the page is; `false` for none.
   *
   * @default '/docs'
   */
  path?: string | false | undefined
  /**
   * Where the document is, as JSON; `false` for none.
   *
   * @default '/openapi.json'
   */
  json?: string | false | undefined
  /**
   * Where the document is, as YAML; `false` for none.
   *
   * @default '/openapi.yaml'
   */
  yaml?: string | false | undefined
  /** Settings of Swagger UI. @default {} */
  ui?: Readonly<Record<string, unknown>> | undefined
  /** Leaves routes out of the document. @default those that say so themselves */
  hide?: ((route: RouteInfo) => boolean) | undefined
  /** Formats of texts of your own: a pattern, or a function. @default {} */
  formats?: Readonly<Record<string, StringFormat>> | undefined
  /** Readers of bodies of media types of your own. @default {} */
  mediaTypes?: Readonly<Record<string, MediaTypeReader>> | undefined
  /**
   * Decides about credentials, by security scheme; without, they only have to be there.
   *
   * @default {}
   */
  credentials?: Readonly<Record<string, CredentialsCheck>> | undefined
  /**
   * Operations of `spec` without a handler keep the app from starting (`error`) or are left alone.
   *
   * @default 'error'
   */
  unhandled?: 'error' | 'ignore' | undefined
  /**
   * Checks JSON responses, too; one that is not as described becomes a 500. For development and tests.
   *
   * @default false
   */
  validateResponses?: boolean | undefined
}

const pathOrFalse = check('a path that begins with "/" and does not end with it, or false',
  value => value === false || (typeof value === 'string' && /^\/.*[^/]$/.test(value)))

const functions = check('an object of functions',
  value => object.test(value) && Object.values(Object(value)).every(func.test))

export const shape: Shape<OpenApiOptions> = {
  info: check('an object with title and version',
    value => string.test(Object(value).title) && string.test(Object(value).version)),
  document: object,
  spec: either(string, object),
  path: pathOrFalse,
  json: pathOrFalse,
  yaml: pathOrFalse,
  ui: object,
  hide: func,
  formats: check('an object of patterns and functions', value => object.test(value) &&
    Object.values(Object(value)).every(format => format instanceof RegExp || func.test(format))),
  mediaTypes: functions,
  credentials: functions,
  unhandled: oneOf('error', 'ignore'),
  validateResponses: boolean
}
