/**
 * `normalizePath()`: redirects to the path that was meant, with or without its final slash.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { AIO_ERR_OPTION_CONFLICT } from '../../lib/errors.ts'
import { boolean, check, checkOptions } from '../../lib/options.ts'
import { requote } from '../../lib/quote.ts'
import { HTTPMove, HTTPPermanentRedirect } from '../exceptions/index.ts'
import type { Middleware } from './chain.ts'

/** Options of `normalizePath()`. */
export interface NormalizePathOptions {
  /** Tries the path with a final slash. @default true */
  appendSlash?: boolean | undefined
  /** Tries the path without its final slash; not together with `appendSlash`. @default false */
  removeSlash?: boolean | undefined
  /** Tries the path with one slash in place of several. @default true */
  mergeSlashes?: boolean | undefined
  /** What is thrown. @default HTTPPermanentRedirect, 308: the method stays */
  redirectClass?: (new (location: string) => HTTPMove) | undefined
}

const shape = {
  appendSlash: boolean,
  removeSlash: boolean,
  mergeSlashes: boolean,
  redirectClass: check('a redirection such as HTTPFound',
    value => typeof value === 'function' && value.prototype instanceof HTTPMove)
}

/**
 * A middleware for requests that no route has (aiohttp: normalize_path_middleware). In this order it tries the path
 * with merged slashes, with a slash appended or removed, and with both; the first that has a route is redirected to,
 * with the query. It never redirects to another host.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_CONFLICT
 */
export function normalizePath (options: NormalizePathOptions = {}): Middleware {
  checkOptions('normalizePath()', options, shape)
  const { appendSlash = true, removeSlash = false, mergeSlashes = true } = options
  const Redirect = options.redirectClass ?? HTTPPermanentRedirect
  if (appendSlash && removeSlash) throw new AIO_ERR_OPTION_CONFLICT('appendSlash', 'removeSlash', 'normalizePath()')

  return async function normalizePathMiddleware (request, handler) {
    if (!isUnmatched(request)) return await handler(request)
    const [path, query] = splitTarget(request.originalUrl)
    for (const candidate of candidates(path, { appendSlash, removeSlash, mergeSlashes })) {
      // Two slashes at the start would name another host (GHSA-v6wp-4m6f-gcjg).
      const safe = requote(candidate.replace(/^\/{2,}/, '/'), 'path')
      if (safe.startsWith('/') && resolves(request, safe)) throw new Redirect(query === '?' ? safe : safe + query)
    }
    return await handler(request)
  }
}

/** The paths to try, in aiohttp's order; except that only a slash is ever cut off. */
function candidates (path: string, options: { [Key in 'appendSlash' | 'removeSlash' | 'mergeSlashes']: boolean }) {
  const { appendSlash, removeSlash, mergeSlashes } = options
  const merge = (text: string) => text.replace(/\/{2,}/g, '/')
  const paths: string[] = []
  if (mergeSlashes) paths.push(merge(path))
  if (appendSlash && !/(\/|%2f)$/i.test(path)) paths.push(`${path}/`)
  if (removeSlash && path.endsWith('/')) paths.push(path.slice(0, -1))
  if (mergeSlashes && appendSlash) paths.push(merge(`${path}/`))
  if (mergeSlashes && removeSlash && path.endsWith('/')) paths.push(merge(path).slice(0, -1))
  return paths
}

/** The path of a request target, without its origin if it has one, and the query with its mark. */
function splitTarget (target: string): [string, string] {
  const [, path = '', query = ''] = /^(?:[a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?]*)(.*)/is.exec(target) ?? []
  return [path, query]
}

/** The routes plugin knows better, where it is there. */
function isUnmatched (request: FastifyRequest): boolean {
  return request.server.hasDecorator('routes') ? request.httpException !== null : request.is404
}

function resolves (request: FastifyRequest, path: string): boolean {
  const { method, raw: { headers }, server } = request
  if (server.hasDecorator('routes')) return server.routes.resolves(request, path)
  return server.allowedMethods.findFor(method, path, headers)
}
