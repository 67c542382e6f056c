/**
 * Content-Transfer-Encoding of a part (RFC 2045, section 6): base64 and quoted-printable, chunk by chunk.
 *
 * @module
 */

import { HTTPBadRequest } from '../exceptions/index.ts'

/** Decodes a part as it comes; what a chunk leaves incomplete is carried into the next. */
export interface TransferDecoder {
  write (chunk: Buffer): Buffer
  /** What is left. @throws HTTPBadRequest when that is broken */
  end (): Buffer
}

const nothing = Buffer.alloc(0)

/** The decoder of an encoding. @throws HTTPBadRequest for one that does not exist */
export function transferDecoder (encoding: string | undefined): TransferDecoder {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '7bit':
    case '8bit':
    case 'binary': return { write: chunk => chunk, end: () => nothing }
    case 'base64': return new Base64()
    case 'quoted-printable': return new QuotedPrintable()
    default: throw new HTTPBadRequest({ text: `Unknown Content-Transfer-Encoding ${JSON.stringify(encoding)}` })
  }
}

class Base64 implements TransferDecoder {
  #carry = ''

  write (chunk: Buffer): Buffer {
    // Line breaks, and whatever else is not of the alphabet, do not count.
    const text = this.#carry + chunk.toString('latin1').replace(/[^A-Za-z0-9+/=]+/g, '')
    const end = text.length - text.length % 4
    this.#carry = text.slice(end)
    return Buffer.from(text.slice(0, end), 'base64')
  }

  end (): Buffer {
    if (this.#carry !== '') throw new HTTPBadRequest({ text: 'The base64 data of a part is cut off' })
    return nothing
  }
}

class QuotedPrintable implements TransferDecoder {
  #carry = ''

  write (chunk: Buffer): Buffer {
    const text = this.#carry + chunk.toString('latin1')
    // An escape has up to three characters: an incomplete one waits for the next chunk.
    const begun = text.lastIndexOf('=')
    const end = begun !== -1 && begun > text.length - 3 ? begun : text.length
    this.#carry = text.slice(end)
    return decodeQuotedPrintable(text.slice(0, end))
  }

  end (): Buffer {
    return decodeQuotedPrintable(this.#carry)
  }
}

/** Soft line breaks vanish, escapes are decoded, an equals sign that begins neither stays. */
function decodeQuotedPrintable (text: string): Buffer {
  return Buffer.from(text.replace(/=(?:\r?\n|$|([0-9A-Fa-f]{2}))/g,
    (_, hex: string | undefined) => hex === undefined ? '' : String.fromCharCode(parseInt(hex, 16))), 'latin1')
}
