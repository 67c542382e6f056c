/**
 * JSON of a client: broken JSON and poisoned prototypes are its fault, hence 400.
 *
 * @module
 */

import secureJSON from 'secure-json-parse'
import { HTTPBadRequest } from '../exceptions/index.ts'

/** What becomes of `__proto__` and `constructor.prototype`, as Fastify's options of these names say. */
export interface Poisoning {
  readonly protoAction?: 'error' | 'remove' | 'ignore' | undefined
  readonly constructorAction?: 'error' | 'remove' | 'ignore' | undefined
}

/** Parses. @throws HTTPBadRequest */
export function parseJSON<T = unknown> (text: string, { protoAction, constructorAction }: Poisoning = {}): T {
  try {
    return secureJSON.parse(text, {
      protoAction: protoAction ?? 'error',
      constructorAction: constructorAction ?? 'error'
    })
  } catch (cause) {
    throw new HTTPBadRequest({ text: 'The body is not valid JSON', cause })
  }
}
