/**
 * `request.content`: the body as a stream that is read in the portions one likes (aiohttp: StreamReader).
 *
 * The body limit does not hold here.
 *
 * @module
 */

import { ByteReader } from '../../lib/stream-reader.ts'
import { HTTPBadRequest } from '../exceptions/index.ts'

/** A reader of a request's bytes; a line that is too long is the client's fault. */
export class StreamReader extends ByteReader {
  protected override lineTooLong (maxSize: number): HTTPBadRequest {
    return new HTTPBadRequest({ text: `Line is longer than ${maxSize} bytes` })
  }
}
