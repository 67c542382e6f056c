/**
 * How an error becomes the body of a response: text as aiohttp writes it, problem+json, JSON or HTML.
 *
 * @module
 */

import { reasonPhrase } from '../../lib/status.ts'
import { negotiate } from './accept.ts'
import type { RequestProblems } from './validation.ts'

/** What a client may know about an error. */
export interface ErrorInfo {
  readonly status: number
  /** The phrase of the status line. */
  readonly reason: string
  /** The whole body of the text format. */
  readonly text: string
  /** The text format has not even a body. */
  readonly wordless?: boolean | undefined
  /** One sentence about this case; without it there is nothing to say but the reason. */
  readonly detail?: string | undefined
  /** A stable code, such as `FST_ERR_VALIDATION`. */
  readonly code?: string | undefined
  /** What is wrong with the request, one entry for each problem. */
  readonly errors?: readonly ValidationProblem[] | undefined
  /** The same as a map: by the part of the request, and by field. */
  readonly parts?: RequestProblems | undefined
}

/** One thing a schema did not accept. */
export interface ValidationProblem {
  /** The part of the request: `body`, `querystring`, `params` or `headers`. */
  readonly in?: string | undefined
  /** JSON pointer to the value (RFC 6901). */
  readonly pointer: string
  readonly detail: string
}

/** A body with its media type. */
export interface RenderedError {
  readonly contentType: string
  readonly body: string | Buffer
}

/** A fixed format. */
export type ErrorFormatName = 'text' | 'json' | 'problem' | 'html'

/** The media type of text. */
export const textType = 'text/plain; charset=utf-8'

const renderers: Readonly<Record<ErrorFormatName, (info: ErrorInfo) => RenderedError>> = {
  // Nothing has no charset; as bytes, or Fastify would add one.
  text: ({ text, wordless }) => wordless === true
    ? { contentType: 'text/plain', body: Buffer.alloc(0) }
    : { contentType: textType, body: text },
  json: info => ({ contentType: 'application/json; charset=utf-8', body: JSON.stringify(toJSON(info)) }),
  // As bytes: to a string of JSON Fastify would add a charset, which this type does not have.
  problem: info => ({ contentType: 'application/problem+json', body: Buffer.from(JSON.stringify(toProblem(info))) }),
  html: info => ({ contentType: 'text/html; charset=utf-8', body: toHTML(info) })
}

const formats: Readonly<Record<string, ErrorFormatName>> = {
  'text/plain': 'text',
  'application/problem+json': 'problem',
  'application/json': 'json',
  'text/html': 'html'
}
const offers = ['text/plain', 'application/problem+json', 'application/json']
const offersOf500 = [...offers, 'text/html']

/** Renders one format. */
export function renderAs (format: ErrorFormatName, info: ErrorInfo): RenderedError {
  return renderers[format](info)
}

/** The format a client asks for; text when it asks for none. HTML is offered for 500 only, as in aiohttp. */
export function preferredFormat (accept: string | undefined, status: number): ErrorFormatName {
  return formats[negotiate(accept, status === 500 ? offersOf500 : offers)] ?? 'text'
}

/** The shape of Fastify's own errors. */
function toJSON ({ status, reason, detail, code, errors, parts }: ErrorInfo): object {
  return {
    statusCode: status, ...(code !== undefined && { code }), error: reason, message: detail ?? reason, errors, parts
  }
}

/** RFC 9457, section 3.1; with `about:blank` the title is that of the status. */
function toProblem ({ status, reason, detail, code, errors, parts }: ErrorInfo): object {
  return { type: 'about:blank', title: reason || reasonPhrase(status), status, detail, code, errors, parts }
}

/** aiohttp's page. */
function toHTML ({ status, reason, detail }: ErrorInfo): string {
  const title = escapeHTML(`${status} ${reason}`)
  return `<html><head><title>${title}</title></head><body>\n<h1>${title}</h1>\n` +
    `${escapeHTML(detail ?? reason)}\n</body></html>\n`
}

function escapeHTML (text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
