/**
 * What was wrong with the bytes a server sent: found as the `cause` of the errors a caller gets.
 *
 * @module
 */

/** The base: a message that does not follow RFC 9112. */
export class BadHttpMessage extends Error {
  constructor (message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** The first line is no status line. */
export class BadStatusLine extends BadHttpMessage {}

/** A header that is none, or contradicts another one. */
export class InvalidHeader extends BadHttpMessage {}

/** A line, a header or their number is beyond the limit. */
export class LineTooLong extends BadHttpMessage {
  constructor (limit: number, line: string) {
    super(`Got more than ${limit} bytes when reading: ${line.slice(0, 100)}${line.length > 100 ? '...' : ''}`)
  }
}

/** The connection ended before as many bytes as Content-Length announced. */
export class ContentLengthError extends BadHttpMessage {}

/** The chunks are broken, or the last one is missing. */
export class TransferEncodingError extends BadHttpMessage {}

/** The content cannot be decompressed. */
export class ContentEncodingError extends BadHttpMessage {}

/** Whether an error says that the server broke the protocol. */
export function isBadMessage (error: unknown): error is BadHttpMessage {
  return error instanceof BadHttpMessage
}
