/**
 * Pages for errors: people get one in the site's own look, programs what they asked for.
 *
 * @module
 */

import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyRequest } from 'fastify'
import { HTTPError, renderTemplate, type Middleware, type Response } from '../../app.ts'

/** What the page says in place of the text of the error. */
const texts: Readonly<Record<number, string>> = {
  403: 'That was not allowed. If this page was open for long, go back, load it again and try once more.',
  404: 'There is nothing here. Maybe the question has been deleted.',
  503: 'The database does not answer right now. Please try again in a moment.'
}

/** For what handlers throw, and for URLs that lead nowhere. */
export const errorPages: Middleware = async (request, handler) => {
  try {
    return await handler(request)
  } catch (error) {
    return await answer(error, request)
  }
}

/** For what hooks throw before there is a handler, such as a form without its token. */
export async function hookErrorPages (error: FastifyError, request: FastifyRequest): Promise<Response> {
  return await answer(error, request)
}

async function answer (error: unknown, request: FastifyRequest): Promise<Response> {
  if (error instanceof HTTPError && wantsPage(request)) return await errorPage(request, error)
  throw error
}

async function errorPage (request: FastifyRequest, error: HTTPError): Promise<Response> {
  const { statusCode: status } = error
  if (status >= 500) request.log.error(error)
  const kept = ['retry-after', 'allow'].map(name => [name, error.headers.get(name)])
  const headers = Object.fromEntries(kept.filter(([, value]) => typeof value === 'string'))
  const context = { status, reason: STATUS_CODES[status], text: texts[status] ?? error.text }
  return await renderTemplate(request, 'error.html', context, { status, headers })
}

function wantsPage ({ headers: { accept = '' } }: FastifyRequest): boolean {
  return accept.includes('text/html')
}
