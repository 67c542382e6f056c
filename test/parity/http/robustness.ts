/**
 * 7 robustness: /raw/..., and whatever bytes the vectors send.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HTTPExpectationFailed, Response, StreamResponse } from '../../../app.ts'

async function rawOk () {
  return new Response({ text: 'ok' })
}

async function rawRead (request: FastifyRequest) {
  return new Response({ text: `read ${(await request.read()).length}` })
}

/** Answers later than a request that comes after it could be answered. */
async function rawSlow () {
  await sleep(150)
  return new Response({ text: 'slow' })
}

/** The response asks for the connection to be closed. */
async function rawClose () {
  const response = new Response({ text: 'closing' })
  response.forceClose()
  return response
}

/** Fails after the response has begun. */
async function rawBrokenStream (request: FastifyRequest) {
  const response = new StreamResponse()
  await response.prepare(request)
  await response.write('begun')
  throw new Error('too late')
}

/** An Expect handler of the application's own: no 100, but a refusal. */
async function refuseExpect () {
  throw new HTTPExpectationFailed({ text: 'I expected nothing' })
}

/** An Expect handler that answers in place of the handler. */
async function answerExpect () {
  return new Response({ status: 402, text: 'pay first' })
}

export function addRobustness (app: FastifyInstance): void {
  app.addGet('/', rawOk)
  app.addRoute('*', '/raw/ok', rawOk)
  app.addRoute('*', '/raw/read', rawRead)
  app.addGet('/raw/slow', rawSlow)
  app.addGet('/raw/close', rawClose)
  app.addGet('/raw/broken-stream', rawBrokenStream)
  app.addPost('/raw/expect-refuse', rawRead, { expectHandler: refuseExpect })
  app.addPost('/raw/expect-answer', rawRead, { expectHandler: answerExpect })
}
