/**
 * Whole messages as frames without a mask (RFC 6455, section 5.2): what a server sends.
 *
 * @module
 */

/** The last frame of a message; as no message of ours is in pieces, each has it. */
const FIN = 0x80

/** Marks a message that is compressed (RFC 7692, section 6). */
export const RSV1 = 0x40

/** From this size on a message is not copied behind its head, but written after it. */
export const largeMessage = 8192

/** The head of a frame, with room behind it. */
function head (flags: number, length: number, room: number): Buffer {
  const size = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const bytes = Buffer.allocUnsafe(size + room)
  bytes[0] = FIN | flags
  bytes[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (size === 4) bytes.writeUInt16BE(length, 2)
  else if (size === 10) bytes.writeBigUInt64BE(BigInt(length), 2)
  return bytes
}

/** The head of a frame whose bytes are written after it. @param flags the opcode, and `RSV1` */
export function frameHead (flags: number, length: number): Buffer {
  return head(flags, length, 0)
}

/** A whole frame in one piece. @param flags the opcode, and `RSV1` */
export function frame (flags: number, data: string | Uint8Array): Buffer {
  const length = typeof data === 'string' ? Buffer.byteLength(data) : data.length
  const bytes = head(flags, length, length)
  const start = bytes.length - length
  if (typeof data === 'string') bytes.write(data, start)
  else bytes.set(data, start)
  return bytes
}
