/**
 * How long a request may take, in all and in its parts.
 *
 * @module
 */

import { checkOptions, describe, either, check, milliseconds, type Shape } from '../../lib/options.ts'
import { AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'

/** Limits in milliseconds; 0, `null` or nothing mean none. */
export interface ClientTimeout {
  /** The whole request, from the call to the end of the body, redirects included. */
  total?: number | null
  /** Everything up to an open connection: waiting for a place, name, TCP, TLS. */
  connect?: number | null
  /** One attempt to connect: TCP and TLS (aiohttp: sock_connect). */
  socketConnect?: number | null
  /** Silence of the server once the request is sent (aiohttp: sock_read). */
  socketRead?: number | null
  /** Silence in both directions while a request runs. */
  idle?: number | null
  /** How long the server may take nothing of the request's body. */
  write?: number | null
}

/** The same with a number for each; 0 for none. */
export type Limits = { readonly [Key in keyof ClientTimeout]-?: number }

const limit = either(milliseconds, check('null', value => value === null))
const shape: Shape<ClientTimeout> = {
  total: limit, connect: limit, socketConnect: limit, socketRead: limit, idle: limit, write: limit
}

/** No limits at all. */
const unlimited: Limits = { total: 0, connect: 0, socketConnect: 0, socketRead: 0, idle: 0, write: 0 }

/** What a session has unless it is told otherwise: five minutes for a request, half a minute to connect. */
export const defaultLimits: Limits = { ...unlimited, total: 300_000, socketConnect: 30_000 }

/** A timeout option, which replaces another one whole. @throws AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_UNKNOWN */
export function limitsOf (timeout: ClientTimeout | number | null, where: string): Limits {
  if (timeout === null) return unlimited
  if (typeof timeout === 'number') {
    if (!milliseconds.test(timeout)) {
      throw new AIO_ERR_OPTION_INVALID('timeout', where, milliseconds.expected, describe(timeout))
    }
    return { ...unlimited, total: finite(timeout) }
  }
  checkOptions(`the timeout of ${where}`, timeout, shape)
  const { total, connect, socketConnect, socketRead, idle, write } = timeout
  return {
    total: finite(total),
    connect: finite(connect),
    socketConnect: finite(socketConnect),
    socketRead: finite(socketRead),
    idle: finite(idle),
    write: finite(write)
  }
}

/** Beyond what a timer can count there is no limit; a limit is never rounded down to none. */
function finite (value: number | null | undefined): number {
  if (value === undefined || value === null || value === 0 || value > 2 ** 31 - 1) return 0
  return Math.max(1, value)
}
