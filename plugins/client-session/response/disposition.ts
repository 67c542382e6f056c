/**
 * Content-Disposition of a response (RFC 6266).
 *
 * @module
 */

import { dispositionValue, parseDisposition, type Disposition } from '../../../lib/disposition.ts'

/** What a response is to be saved as. */
export interface ContentDisposition extends Disposition {
  /** The name without slashes in front; `null` when there is none. Do not trust it as a path. */
  readonly filename: string | null
}

/** A malformed header says nothing. */
export function dispositionOf (header: string): ContentDisposition {
  const { type, parameters } = parseDisposition(header)
  return { type, parameters, filename: dispositionValue(parameters, 'filename') }
}
