/**
 * What was thrown, as what a client may know about it.
 *
 * Messages of errors that are the server's fault never leave the server.
 *
 * @module
 */

import { Headers } from '../../lib/headers.ts'
import { reasonPhrase } from '../../lib/status.ts'
import type { HTTPException } from './base.ts'
import type { ErrorInfo, ValidationProblem } from './render.ts'
import { RequestValidationFailed } from './validation.ts'

/** An error, ready to be answered. */
export interface Translated extends ErrorInfo {
  /** Headers that go with it. */
  readonly headers?: Headers | undefined
  /** Nobody expected it: the connection closes, as with aiohttp. */
  readonly unhandled: boolean
}

/** Where the request went that failed. */
export interface Circumstances {
  /** The limit of the route's body, in bytes. */
  readonly bodyLimit: number
  /** The status that was set on the reply before. */
  readonly statusCode: number
}

/** Reads an error of Fastify or of a plugin, or anything else that was thrown and is no exception. */
export function translate (error: unknown, circumstances: Circumstances): Translated {
  const fields = typeof error === 'object' && error !== null ? error : {}
  const status = statusOf(fields) ?? (circumstances.statusCode >= 400 ? circumstances.statusCode : undefined)
  // Fastify's own 500s and errors of misuse are as unexpected as any other.
  if (status === undefined || status === 500) return { ...trouble, headers: headersOf(fields) }
  const reason = reasonPhrase(status)
  const detail = status < 500 ? detailOf(fields, circumstances) : undefined
  if (status === 504 && isTimeout(fields)) return { ...timeout, headers: headersOf(fields) }
  return {
    status,
    reason,
    detail,
    text: 'code' in fields && fields.code === tooLarge ? String(detail) : `${status}: ${detail ?? reason}`,
    code: status < 500 && 'code' in fields && typeof fields.code === 'string' ? fields.code : undefined,
    errors: status < 500 ? problemsOf(fields) : undefined,
    headers: headersOf(fields),
    unhandled: false
  }
}

const tooLarge = 'FST_ERR_CTP_BODY_TOO_LARGE'

/** aiohttp's words for an error nobody caught. */
const trouble: Omit<Translated, 'headers'> = {
  status: 500,
  reason: 'Internal Server Error',
  detail: 'Server got itself in trouble',
  text: '500 Internal Server Error\n\nServer got itself in trouble',
  unhandled: true
}

/** A time-out nobody caught: aiohttp has no words for it. */
const timeout: Omit<Translated, 'headers'> = {
  status: 504, reason: 'Gateway Timeout', text: '', wordless: true, unhandled: true
}

/** A time-out of the platform, which has a name and no status. */
function isTimeout (error: { name?: unknown, statusCode?: unknown, status?: unknown }): boolean {
  return error.name === 'TimeoutError' && error.statusCode === undefined && error.status === undefined
}

/** Reads an exception. */
export function translateException (error: HTTPException): Translated {
  const { isPlain, reason, statusCode: status } = error
  const text = error.text ?? ''
  const ownWords = text !== '' && text !== `${status}: ${reason}`
  const headers = isPlain ? undefined : error.headers
  const translated = { status, reason, text, detail: ownWords ? text : undefined, headers, unhandled: false }
  return error instanceof RequestValidationFailed ? { ...translated, ...invalidRequest(error) } : translated
}

/** The text has it all already. */
function invalidRequest ({ errors }: RequestValidationFailed): Partial<ErrorInfo> {
  return { detail: 'The request is not valid', code: 'AIO_ERR_REQUEST_INVALID', parts: errors }
}

/** `statusCode` or `status`, as Fastify reads them; a time-out of the platform is 504, as in aiohttp. */
function statusOf (error: { name?: unknown, statusCode?: unknown, status?: unknown }): number | undefined {
  return [error.statusCode, error.status, error.name === 'TimeoutError' ? 504 : undefined]
    .find((status): status is number => Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599)
}

function detailOf (error: { code?: unknown, message?: unknown, expose?: unknown }, { bodyLimit }: Circumstances) {
  if (error.code === tooLarge) return `Maximum request body size ${bodyLimit} exceeded.`
  // `expose` is how http-errors says that a message is not for clients.
  return typeof error.message === 'string' && error.message !== '' && error.expose !== false
    ? error.message
    : undefined
}

function problemsOf (error: { validation?: unknown, validationContext?: unknown }): ValidationProblem[] | undefined {
  if (!Array.isArray(error.validation)) return undefined
  const part = typeof error.validationContext === 'string' ? error.validationContext : undefined
  return error.validation.map(problem => ({
    ...(part !== undefined && { in: part }),
    pointer: String(Object(problem).instancePath ?? ''),
    detail: String(Object(problem).message ?? 'is not valid')
  }))
}

/** Headers of a foreign error; those that cannot be sent must not turn a 4xx into a 500. */
function headersOf (error: { headers?: unknown }): Headers {
  try {
    return new Headers(Object(error.headers))
  } catch {
    return new Headers()
  }
}
