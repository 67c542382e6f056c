/**
 * Options of the requests plugin.
 *
 * @module
 */

import { boolean, integer, listOf, milliseconds, nonEmptyString, oneOf, type Shape } from '../../lib/options.ts'
import { requestNames, type RequestName } from './decorations.ts'

/** Options of the requests plugin. */
export interface RequestsOptions {
  /**
   * Limit of a body that is read at once, in bytes, after decompression; 0 for none. A route may have its own.
   *
   * @default Fastify's bodyLimit for the route (1 048 576)
   */
  clientMaxSize?: number | undefined
  /**
   * Undoes `Content-Encoding` of bodies.
   *
   * @default true
   */
  decompress?: boolean | undefined
  /**
   * Names of ours that requests do not get, because a plugin registered later wants them: `cookies` for
   * @fastify/cookie, `forwarded` for @fastify/sensible. A name that is taken already is left alone anyhow.
   *
   * @default []
   */
  leaveOut?: readonly RequestName[] | undefined
  /**
   * How long the rest of a body nobody wants is taken, in milliseconds, before the connection is cut.
   *
   * @default 10_000
   */
  lingeringTime?: number | undefined
  /**
   * Bytes of a header line of a part.
   *
   * @default 8190
   */
  maxFieldSize?: number | undefined
  /**
   * Bytes of all fields of a multipart form that are no files, for these stay in memory.
   *
   * @default 8_388_608
   */
  maxFieldsSize?: number | undefined
  /**
   * Header lines of a part.
   *
   * @default 128
   */
  maxHeaders?: number | undefined
  /**
   * Parts of a multipart body, fields of an urlencoded form.
   *
   * @default 10_000
   */
  maxParts?: number | undefined
  /**
   * Where uploaded files go that do not fit into memory.
   *
   * @default os.tmpdir()
   */
  spoolFolder?: string | undefined
  /**
   * Bytes of uploaded files of one request that stay in memory.
   *
   * @default 1_048_576
   */
  spoolSize?: number | undefined
}

/** What each option must be. */
export const shape: Shape<RequestsOptions> = {
  clientMaxSize: integer(0),
  decompress: boolean,
  leaveOut: listOf(oneOf(...requestNames)),
  lingeringTime: milliseconds,
  maxFieldSize: integer(1),
  maxFieldsSize: integer(0),
  maxHeaders: integer(1),
  maxParts: integer(1),
  spoolFolder: nonEmptyString,
  spoolSize: integer(0)
}
