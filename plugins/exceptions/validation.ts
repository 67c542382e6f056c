/**
 * 400 for a request that a description does not accept, with what is wrong in which part of it.
 *
 * @module
 */

import type { ProblemMap } from '../../lib/problem-map.ts'
import { HTTPBadRequest } from './errors.ts'

/** What is wrong, by the part of the request: `query`, `body`, `header`, `path`, `cookie`. */
export type RequestProblems = Readonly<Record<string, ProblemMap>>

/** The request has not the form that was asked for (aiohttp-swagger3: RequestValidationFailed). */
export class RequestValidationFailed extends HTTPBadRequest {
  /** What is wrong, by the part of the request. */
  readonly errors: RequestProblems

  constructor (errors: RequestProblems) {
    super({ text: `400: ${JSON.stringify(errors)}` })
    this.errors = errors
  }
}
