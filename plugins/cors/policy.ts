/**
 * What an origin may do: as it is written down, and ready for use.
 *
 * @module
 */

import { AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'
import { boolean, check, checkOptions, describe, either, listOf, milliseconds, object, oneOf } from '../../lib/options.ts'

/** What one origin may do (aiohttp-cors: ResourceOptions). */
export interface ResourceOptions {
  /**
   * Whether requests with cookies and other credentials are allowed.
   *
   * @default false
   */
  allowCredentials?: boolean
  /**
   * Response headers that scripts may read; `'*'` all that an answer has.
   *
   * @default []
   */
  exposeHeaders?: '*' | readonly string[]
  /**
   * Request headers that may be sent; `'*'` whatever the preflight asks for.
   *
   * @default [] per resource, '*' app-wide
   */
  allowHeaders?: '*' | readonly string[]
  /**
   * Methods that may be used.
   *
   * @default those of the configured routes, or GET, HEAD, PUT, PATCH, POST and DELETE app-wide
   */
  allowMethods?: '*' | readonly string[]
  /**
   * How long a client may keep the answer to a preflight, in milliseconds (on the wire: whole seconds).
   *
   * @default not sent
   */
  maxAge?: number
}

/** Origins (`https://a.example`, `null`, or `*` for every other one) and what each of them may do. */
export type CorsConfig = Readonly<Record<string, ResourceOptions>>

/** The options of one origin, ready for use. */
export interface Policy {
  readonly credentials: boolean
  /** What scripts may read; `'*'` is whatever the answer has. */
  readonly expose: string | undefined
  readonly headers: ReadonlySet<string> | undefined
  readonly methods: ReadonlySet<string> | undefined
  readonly maxAge: string | undefined
}

/** The policies of a route by origin. */
export type Policies = ReadonlyMap<string, Policy>

/** The policies of one path by method. */
export type Resource = Map<string, Policies>

const token = check('a token', value => typeof value === 'string' && /^[!#$%&'*+\-.^_`|~\w]+$/.test(value))
const tokens = either(oneOf('*'), listOf(token))
const originText = either(oneOf('*'), check('an origin such as "https://a.example"', isOrigin))
export const originItem = either(originText, check('a regular expression', value => value instanceof RegExp))
export const resourceShape = {
  allowCredentials: boolean, exposeHeaders: tokens, allowHeaders: tokens, allowMethods: tokens, maxAge: milliseconds
}

/** A configuration, ready for use. @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export function compile (where: string, config: CorsConfig): Policies {
  if (!object.test(config)) throw new AIO_ERR_OPTION_INVALID('cors', where, 'an object of origins', describe(config))
  return new Map(Object.entries(config).map(([origin, options]) => {
    if (!originText.test(origin)) throw new AIO_ERR_OPTION_INVALID(origin, where, originText.expected, describe(origin))
    checkOptions(`"${origin}" of ${where}`, options, resourceShape)
    return [origin, compilePolicy(options)]
  }))
}

function compilePolicy (options: ResourceOptions): Policy {
  const { allowCredentials = false, exposeHeaders = [], allowHeaders = [], allowMethods = '*', maxAge } = options
  return {
    credentials: allowCredentials,
    expose: exposeHeaders.length === 0 ? undefined : [exposeHeaders].flat().join(','),
    headers: allowHeaders === '*' ? undefined : new Set(allowHeaders.map(name => name.toUpperCase())),
    methods: allowMethods === '*' ? undefined : new Set(allowMethods),
    maxAge: maxAge === undefined ? undefined : String(Math.floor(maxAge / 1000))
  }
}

/** Whether a text is an origin as browsers send it: no path, no default port, lower case. */
function isOrigin (value: unknown): boolean {
  if (value === 'null') return true
  if (typeof value !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@A-Z]+$/.test(value)) return false
  return !/^https?:/.test(value) || (URL.canParse(value) && new URL(value).origin === value)
}
