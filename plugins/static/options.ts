/**
 * What can be set for static files, and its checks.
 *
 * @module
 */

import { boolean, check, either, integer, milliseconds, nonEmptyString, object, oneOf, type Shape } from '../../lib/options.ts'
import type { DotfilesPolicy } from './folder.ts'

/** How much the files of all folders may take in memory. */
export interface StaticCacheOptions {
  /**
   * All files together, in bytes.
   *
   * @default 33_554_432 (32 MiB)
   */
  size?: number | undefined
  /**
   * Larger files are read from disk for every request, in bytes.
   *
   * @default 524_288 (512 KiB)
   */
  fileSize?: number | undefined
  /**
   * After how many milliseconds a file is compared with the disk before it is sent again.
   *
   * @default 500
   */
  recheck?: number | undefined
}

/** Options of the static plugin. */
export interface StaticPluginOptions {
  /**
   * The memory for small files; `false` reads every file from disk.
   *
   * @default {}
   */
  cache?: StaticCacheOptions | false | undefined
}

/** Options of one served folder. */
export interface StaticOptions {
  /**
   * Name of the resource, for `config.static` of its routes.
   *
   * @default none
   */
  name?: string
  /**
   * Whether `urlFor()` adds `?v=` and a hash of the file.
   *
   * @default false
   */
  appendVersion?: boolean
  /**
   * Whether small files may be kept in memory; see the plugin's option of the same name.
   *
   * @default true
   */
  cache?: boolean
  /**
   * Value of the Cache-Control header of files, such as `public, max-age=3600` (seconds, as HTTP counts).
   *
   * @default false, no such header
   */
  cacheControl?: string | false
  /**
   * Bytes that are read from a large file at once (aiohttp: chunk_size).
   *
   * @default 262_144 (256 KiB)
   */
  chunkSize?: number
  /**
   * Files and directories whose name begins with a dot: `ignore` 404, `deny` 403, `allow` serves them.
   *
   * @default 'ignore'
   */
  dotfiles?: DotfilesPolicy
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
   * Who sends the files: `own`, with aiohttp's headers, or `@fastify/static`, with those of that plugin (weak ETag,
   * a charset for text). What may be sent is the same; it knows no compressed siblings here and no memory.
   *
   * @default 'own'
   */
  sender?: 'own' | '@fastify/static'
  /**
   * Whether a directory is answered with a list of what is in it; 403 otherwise.
   *
   * @default false
   */
  showIndex?: boolean
}

/** Options of `urlFor()` of a served folder. */
export interface StaticURLOptions {
  /**
   * Whether to add `?v=` and a hash of the file; left out where no file can be sent under that name.
   *
   * @default the folder's `appendVersion`
   */
  appendVersion?: boolean | undefined
}

/** Checks of the plugin's options. */
export const pluginShape: Shape<StaticPluginOptions> = { cache: either(oneOf(false), object) }

/** Checks of the cache's options. */
export const cacheShape: Shape<StaticCacheOptions> = {
  size: integer(0), fileSize: integer(0, 1024 ** 3), recheck: milliseconds
}

/** Checks of `addStatic()`'s options. */
export const staticShape: Shape<StaticOptions> = {
  name: nonEmptyString,
  appendVersion: boolean,
  cache: boolean,
  cacheControl: check('a header value, or false', value => value === false ||
    (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value))),
  chunkSize: integer(1, 1024 ** 3),
  dotfiles: oneOf('ignore', 'deny', 'allow'),
  followSymlinks: boolean,
  index: check('a file name without a slash, or false', value => value === false ||
    (typeof value === 'string' && /^[^/\\\0]+$/.test(value) && value !== '.' && value !== '..')),
  sender: oneOf('own', '@fastify/static'),
  showIndex: boolean
}
