/**
 * The head of a response (RFC 9112, sections 4 and 5), as lenient as the RFC wants a client to be: bare line feeds
 * and folded lines are taken, though the connection is not used again; everything that would leave the length of the
 * body open is not.
 *
 * @module
 */

import { isUtf8 } from 'node:buffer'
import { BadHttpMessage, BadStatusLine, InvalidHeader, LineTooLong } from './errors.ts'

/** How much a server may say before the body. */
export interface HeadLimits {
  /** Of the reason phrase, in bytes. */
  readonly maxLineSize: number
  /** Of a header's name, and of its value, in bytes. */
  readonly maxFieldSize: number
  /** How many headers there may be. */
  readonly maxHeaders: number
}

/** What a server said before the body. */
export interface ResponseHead {
  readonly version: '1.0' | '1.1'
  readonly status: number
  readonly reason: string
  /** Name, value, name, value, … */
  readonly headers: string[]
  /** Whether it has something that not every program on the way reads alike. */
  readonly dubious: boolean
}

const statusLine = /^HTTP\/1\.(\d) ([1-9]\d{2})(?: (.*))?$/s
// RFC 9110, section 5.6.2
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// RFC 9110, section 5.5
const printable = /^[\t\x20-\x7e\x80-\xff]*$/
const beyondAscii = /[^\0-\x7f]/

/** Collects bytes until a head is complete; one for each head. */
export class HeadParser {
  readonly #limits: HeadLimits
  #kept: Buffer | undefined
  #size = 0

  constructor (limits: HeadLimits) {
    this.#limits = limits
  }

  /** Whether some bytes of a head have come. */
  get started (): boolean {
    return this.#size > 0
  }

  /** What has come of a head so far. */
  get partial (): string {
    return this.#kept?.toString('latin1', 0, this.#size) ?? ''
  }

  /**
   * The head and the bytes behind it, or `undefined` while the head is not complete.
   *
   * @throws BadHttpMessage
   */
  feed (chunk: Buffer): { head: ResponseHead, rest: Buffer } | undefined {
    const data = this.#size === 0 ? chunk : this.#keep(chunk)
    const end = endOfHead(data, Math.max(0, this.#size - chunk.length - 3))
    if (end === -1) {
      if (this.#size === 0) this.#keep(chunk)
      this.#checkUnfinished()
      return undefined
    }
    return { head: parseHead(data.toString('latin1', 0, end), this.#limits), rest: data.subarray(end) }
  }

  /** Doubles its room when it is full: a head that comes byte by byte is not copied each time. */
  #keep (chunk: Buffer): Buffer {
    const needed = this.#size + chunk.length
    if (this.#kept === undefined || this.#kept.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(1024, needed * 2))
      this.#kept?.copy(larger, 0, 0, this.#size)
      this.#kept = larger
    }
    chunk.copy(this.#kept, this.#size)
    this.#size = needed
    return this.#kept.subarray(0, needed)
  }

  #checkUnfinished (): void {
    const { maxLineSize, maxFieldSize, maxHeaders } = this.#limits
    const data = this.#kept?.subarray(0, this.#size)
    if (data === undefined) return
    const first = data.indexOf(10)
    const start = data.toString('latin1', 0, 100)
    if (first === -1 && (!'HTTP/'.startsWith(start.slice(0, 5)) || /\r[^\n]/.test(start))) {
      throw new BadStatusLine(`Bad status line: ${start}`)
    }
    // "HTTP/1.1 200 " is not part of the reason
    if (first === -1 && this.#size > maxLineSize + 13) throw new LineTooLong(maxLineSize, data.toString('latin1', 13, 200))
    const line = data.lastIndexOf(10) + 1
    const room = 2 * maxFieldSize + 4
    if (first !== -1 && this.#size - line > room) throw new LineTooLong(maxFieldSize, data.toString('latin1', line, line + 200))
    if (this.#size > maxLineSize + maxHeaders * room) throw new BadHttpMessage('Too many headers received')
  }
}

/** The offset behind the first empty line, `-1` when there is none. */
function endOfHead (data: Buffer, from: number): number {
  const crlf = data.indexOf('\n\r\n', from, 'latin1')
  // A bare line feed before it may have ended the head already; nothing behind it is looked at.
  const lf = (crlf === -1 ? data : data.subarray(0, crlf)).indexOf('\n\n', from, 'latin1')
  if (lf !== -1) return lf + 2
  return crlf === -1 ? -1 : crlf + 3
}

function parseHead (text: string, limits: HeadLimits): ResponseHead {
  let end = text.indexOf('\n')
  const start = parseStatusLine(text.slice(0, beforeReturn(text, end)), limits)
  // A version that nobody has defined, and below: bare line feeds, tabs that some count to the value, folded lines
  let dubious = beforeReturn(text, end) === end || !/^HTTP\/1\.[01]/.test(text)
  const headers: string[] = []
  for (let from = end + 1; ; from = end + 1) {
    end = text.indexOf('\n', from)
    const last = beforeReturn(text, end)
    dubious ||= last === end || text.charCodeAt(last - 1) === 9
    if (last <= from) break
    const line = text.slice(from, last)
    if (isBlank(line.charCodeAt(0))) {
      fold(headers, line, limits)
      dubious = true
    } else {
      parseField(headers, line, limits)
    }
  }
  return { ...start, headers, dubious }
}

/** Where a line ends whose line feed is at `end`. */
function beforeReturn (text: string, end: number): number {
  return text.charCodeAt(end - 1) === 13 ? end - 1 : end
}

function isBlank (code: number): boolean {
  return code === 32 || code === 9
}

/** Only blanks and tabs are taken away: what else looks like one may mean something to others. */
function trimmed (text: string, from = 0): string {
  let end = text.length
  while (from < end && isBlank(text.charCodeAt(from))) from++
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(from, end)
}

function parseStatusLine (line: string, { maxLineSize }: HeadLimits): Pick<ResponseHead, 'version' | 'status' | 'reason'> {
  // The usual one, without the regular expression
  if (line === 'HTTP/1.1 200 OK') return { version: '1.1', status: 200, reason: 'OK' }
  const found = statusLine.exec(line)
  if (found === null) throw new BadStatusLine(`Bad status line: ${line.slice(0, 100)}`)
  const [, minor, status, reason = ''] = found
  if (!printable.test(reason)) throw new BadStatusLine(`Bad status line: ${line.slice(0, 100)}`)
  if (reason.length > maxLineSize) throw new LineTooLong(maxLineSize, reason)
  return { version: minor === '0' ? '1.0' : '1.1', status: Number(status), reason: decode(trimmed(reason)) }
}

function parseField (headers: string[], line: string, { maxFieldSize, maxHeaders }: HeadLimits): void {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon)
  if (colon < 1 || !token.test(name)) throw new InvalidHeader(`Invalid header: ${line.slice(0, 100)}`)
  const value = trimmed(line, colon + 1)
  if (!printable.test(value)) throw new InvalidHeader(`Invalid value of header ${name}`)
  if (name.length > maxFieldSize) throw new LineTooLong(maxFieldSize, name)
  if (value.length > maxFieldSize) throw new LineTooLong(maxFieldSize, value)
  if (headers.length >= maxHeaders * 2) throw new BadHttpMessage('Too many headers received')
  headers.push(name, decode(value))
}

/** A value that goes on in the next line (RFC 9112, section 5.2). */
function fold (headers: string[], line: string, { maxFieldSize }: HeadLimits): void {
  const last = headers.length - 1
  if (last < 1) throw new InvalidHeader('A folded line without a header before it')
  const added = trimmed(line)
  if (!printable.test(added)) throw new InvalidHeader('Invalid value in a folded line')
  const value = trimmed(`${headers[last] ?? ''} ${decode(added)}`)
  if (value.length > maxFieldSize) throw new LineTooLong(maxFieldSize, value)
  headers[last] = value
}

/** Bytes beyond ASCII are UTF-8 where they can be. */
function decode (text: string): string {
  if (!beyondAscii.test(text)) return text
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : text
}
