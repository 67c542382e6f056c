/**
 * Static files: `app.addStatic(prefix, path, options)`, on @fastify/static.
 *
 * @fastify/static sends the file (ranges, conditions, types); what may be sent is decided here, as
 * aiohttp does: GET and HEAD, links that leave the folder are not followed, no index page unless asked for.
 * A request costs a look at the disk: behind a proxy let the proxy serve the folder.
 *
 * @module
 */

import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { boolean, check, checkOptions, describe, nonEmptyString, oneOf } from '../../lib/options.ts'
import { HTTPForbidden, HTTPMovedPermanently, HTTPNotFound } from '../exceptions/index.ts'
import { type DotfilesPolicy, Folder } from './folder.ts'
import { encodePath, renderListing } from './listing.ts'

export type { DotfilesPolicy } from './folder.ts'

/** Options of one served folder. */
export interface StaticOptions {
  /**
   * Name of the resource, for `config.static` of its routes.
   *
   * @default none
   */
  name?: string
  /**
   * Whether a directory is answered with a list of what is in it; 403 otherwise.
   *
   * @default false
   */
  showIndex?: boolean
  /**
   * Whether symbolic links may lead out of the folder. Whoever can write into it then decides what is served.
   *
   * @default false
   */
  followSymlinks?: boolean
  /**
   * File to send for a directory, such as `index.html`. A directory without the final slash is redirected.
   *
   * @default false
   */
  index?: string | false
  /**
   * Value of the Cache-Control header of files, such as `public, max-age=3600` (seconds, as HTTP counts).
   *
   * @default false, no such header
   */
  cacheControl?: string | false
  /**
   * Files and directories whose name begins with a dot: `ignore` 404, `deny` 403, `allow` serves them.
   *
   * @default 'ignore'
   */
  dotfiles?: DotfilesPolicy
}

/** A served folder, as `addStatic()` returns it and as `config.static` of its routes holds it. */
export interface StaticResource {
  /** The `name` option. */
  readonly name: string | undefined
  /** Where the folder is mounted, with the prefixes of the contexts around it, without a final slash. */
  readonly prefix: string
  /** The real path of the folder on disk. */
  readonly path: string
  /** URL path of a file below the folder, encoded. */
  urlFor (filename: string): string
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Serves a folder below a prefix (aiohttp: add_static); GET and HEAD only.
     *
     * @throws AIO_ERR_ARGUMENT_INVALID when the prefix does not start with a slash or the path is no directory;
     * AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
     */
    addStatic(prefix: string, path: string | URL, options?: StaticOptions): StaticResource
  }

  interface FastifyContextConfig {
    /** The folder a route serves; set by `addStatic()`. */
    static?: StaticResource
  }
}

const shape = {
  name: nonEmptyString,
  showIndex: boolean,
  followSymlinks: boolean,
  index: check('a file name without a slash, or false', value => value === false ||
    (typeof value === 'string' && /^[^/\\\0]+$/.test(value) && value !== '.' && value !== '..')),
  cacheControl: check('a header value, or false', value => value === false ||
    (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value))),
  dotfiles: oneOf('ignore', 'deny', 'allow')
}

export default fp(async function staticFiles (app) {
  app.decorate('addStatic', function (this: FastifyInstance, prefix, path, options = {}) {
    checkOptions('addStatic()', options, shape)
    const mount = checkPrefix(prefix)
    const { followSymlinks = false, dotfiles = 'ignore' } = options
    const folder = new Folder(checkDirectory(path), { followSymlinks, dotfiles })
    const resource = createResource(this.prefix.replace(/\/$/, '') + mount, folder, options)
    this.register(child => addRoutes(child, mount, folder, resource, options))
    return resource
  })
}, {
  name: 'static',
  fastify: '5.x',
  dependencies: ['exceptions']
})

/** Mounts a folder in a context of its own, so that `reply.sendFile()` there means this folder. */
async function addRoutes (app: FastifyInstance, mount: string, folder: Folder, resource: StaticResource,
  { cacheControl = false, index = false, showIndex = false }: StaticOptions) {
  await app.register(fastifyStatic, {
    root: folder.root,
    serve: false,
    cacheControl: false,
    // The folder's own policy has been applied before.
    dotfiles: 'allow',
    index: false,
    ...(cacheControl === false ? {} : { setHeaders: reply => { reply.header('cache-control', cacheControl) } })
  })

  async function handler (request: FastifyRequest, reply: FastifyReply) {
    const [path] = splitUrl(request.raw.url)
    // A slash that route guards of the application have not seen must not separate anything here.
    if (/%(2f|5c)/i.test(path)) throw new HTTPNotFound()
    const name = nameOf(request)
    const found = await folder.find(name)
    if (found === 'missing') throw new HTTPNotFound()
    if (found === 'forbidden') throw new HTTPForbidden()
    if (found === 'file') return reply.sendFile(name)

    const directory = name.replace(/\/$/, '')
    if (index !== false) {
      const file = directory === '' ? index : `${directory}/${index}`
      if (await folder.find(file) === 'file') {
        if (path.endsWith('/')) return reply.sendFile(file)
        throw new HTTPMovedPermanently(withSlash(request.originalUrl))
      }
    }
    if (!showIndex) throw new HTTPForbidden()
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'")
      .header('x-content-type-options', 'nosniff')
      .send(renderListing(resource.urlFor(directory), directory, await folder.list(directory)))
  }

  const route = { method: ['GET', 'HEAD'], config: { static: resource }, handler }
  app.route({ ...route, url: `${mount}/*` })
  if (mount !== '') app.route({ ...route, url: mount })
}

function createResource (prefix: string, folder: Folder, { name }: StaticOptions): StaticResource {
  return {
    name,
    prefix,
    path: folder.root,
    urlFor: filename => (prefix + (filename === '' ? '' : `/${encodePath(filename.replace(/^\//, ''))}`)) || '/'
  }
}

/** The prefix without its final slash: the empty string for the root. */
function checkPrefix (prefix: unknown): string {
  if (typeof prefix !== 'string' || !/^\/[^*:?#\s]*$/.test(prefix)) {
    throw new AIO_ERR_ARGUMENT_INVALID('prefix', 'addStatic()',
      'a path that starts with "/", without parameters', describe(prefix))
  }
  return prefix.replace(/\/+$/, '')
}

function checkDirectory (path: unknown): string {
  const file = path instanceof URL && path.protocol === 'file:' ? fileURLToPath(path) : path
  if (typeof file !== 'string' || file === '' || statSync(file, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new AIO_ERR_ARGUMENT_INVALID('path', 'addStatic()', 'an existing directory', describe(path))
  }
  return file
}

/** The decoded name below the mount. */
function nameOf (request: FastifyRequest): string {
  const params: unknown = request.params
  const name: unknown = typeof params === 'object' && params !== null && '*' in params ? params['*'] : ''
  return typeof name === 'string' ? name : ''
}

/** The URL with a slash after its path; never one that browsers take for another host ("//host/"). */
function withSlash (url: string): string {
  const [path, query] = splitUrl(url)
  return `${path.replace(/^[/\\]+/, '/')}/${query}`
}

/** Path and query (with its question mark) of a request target. */
function splitUrl (url = ''): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark)]
}
