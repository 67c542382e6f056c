/**
 * Static files: `app.addStatic(prefix, path, options)`.
 *
 * What may be sent is decided on the real path, and a small file that is asked for often comes out of memory; the
 * sender is our own, for @fastify/static has other answers than aiohttp and a fifth of the speed, and is there for
 * those who want its answers. GET and HEAD only, no index page unless asked for.
 *
 * @module
 */

import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { boolean, checkOptions, describe } from '../../lib/options.ts'
import { HTTPNotFound } from '../exceptions/index.ts'
import { Cache } from './cache.ts'
import { Files, type Representation } from './files.ts'
import { Folder } from './folder.ts'
import { encodePath } from './listing.ts'
import {
  cacheShape, pluginShape, staticShape, type StaticCacheOptions, type StaticOptions, type StaticPluginOptions,
  type StaticURLOptions
} from './options.ts'
import { createDirectories, senderOfFastify, senderOfOurs, splitUrl, type Sender } from './senders.ts'
import { Versions } from './version.ts'

export type { DotfilesPolicy } from './folder.ts'
export type { StaticCacheOptions, StaticOptions, StaticPluginOptions, StaticURLOptions } from './options.ts'

/** A served folder, as `addStatic()` returns it and as `config.static` of its routes holds it. */
export interface StaticResource {
  /** The `name` option. */
  readonly name: string | undefined
  /** Where the folder is mounted, with the prefixes of the contexts around it, without a final slash. */
  readonly prefix: string
  /** The real path of the folder on disk. */
  readonly path: string
  /** URL path of a file below the folder, encoded (aiohttp: url_for); there need not be such a file. */
  urlFor (filename: string, options?: StaticURLOptions): string
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

export default fp<StaticPluginOptions>(async function staticFiles (app, options) {
  checkOptions('the static plugin', options, pluginShape)
  const cache = createCache(options.cache)
  let folders = 0

  app.decorate('addStatic', function (this: FastifyInstance, prefix, path, options = {}) {
    checkOptions('addStatic()', options, staticShape)
    const mount = checkPrefix(prefix)
    const { cacheControl = false, dotfiles = 'ignore', followSymlinks = false } = options
    const folder = new Folder(checkDirectory(path), { followSymlinks, dotfiles })
    const files = new Files(folder, {
      cache: options.cache === false ? undefined : cache,
      cacheControl,
      prefix: `${folders++}:`
    })
    const resource = createResource(this.prefix.replace(/\/$/, '') + mount, folder, options)
    const place = { folder, mount, options, resource }
    if (options.sender === '@fastify/static') {
      this.register(async child => addRoutes(child, await senderOfFastify(child, folder, options), place))
    } else {
      // With a callback, that is called at once: so it can be added while the app runs, too.
      this.register((child, _options, done) => {
        addRoutes(child, senderOfOurs(files, options), place)
        done()
      })
    }
    return resource
  })
}, {
  name: 'static',
  fastify: '5.x',
  dependencies: ['exceptions']
})

function createCache (options: StaticCacheOptions | false = {}): Cache<Representation> | undefined {
  if (options === false) return undefined
  checkOptions('the cache of the static plugin', options, cacheShape)
  const { size = 32 * 1024 ** 2, fileSize = 512 * 1024, recheck = 500 } = options
  return new Cache({ size, fileSize, recheck })
}

/** A folder and where it is mounted. */
interface Mount {
  readonly folder: Folder
  /** Without the prefixes of the contexts around it. */
  readonly mount: string
  readonly options: StaticOptions
  readonly resource: StaticResource
}

/** Mounts a folder in a context of its own. */
function addRoutes (app: FastifyInstance, send: Sender, { folder, mount, options, resource }: Mount): void {
  const directories = createDirectories(folder, resource.prefix, options, send)

  function handler (request: FastifyRequest, reply: FastifyReply) {
    const url = request.raw.url ?? ''
    // A slash that route guards of the application have not seen must not separate anything here.
    if (url.includes('%') && /%(2f|5c)/i.test(splitUrl(url)[0])) throw new HTTPNotFound()
    return send(nameOf(request), request, reply, directories)
  }

  const route = { config: { static: resource }, handler }
  for (const url of mount === '' ? ['/*'] : [`${mount}/*`, mount]) {
    // Apart, for what a plugin adds to HEAD routes is no business of GET.
    app.get(url, { ...route, exposeHeadRoute: false })
    app.head(url, route)
  }
}

function createResource (
  prefix: string, folder: Folder, { name, appendVersion = false }: StaticOptions
): StaticResource {
  const versions = new Versions(folder)
  return {
    name,
    prefix,
    path: folder.root,
    urlFor (filename, options = {}) {
      checkOptions('urlFor()', options, { appendVersion: boolean })
      const file = filename.replace(/^\/+/, '')
      const version = options.appendVersion ?? appendVersion ? versions.get(file) : undefined
      return `${prefix}/${encodePath(file)}${version === undefined ? '' : `?v=${version.replace('=', '%3D')}`}`
    }
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
