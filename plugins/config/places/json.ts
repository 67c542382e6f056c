/**
 * The places of the keys of a JSON file, by its strict grammar (RFC 8259): `JSON.parse()` names no line, and takes the
 * last of two equal keys.
 *
 * @module
 */

import { SyntaxFault, type Place } from './place.ts'

const tokens = /[ \t\r\n]*(?:([{}[\],:])|("(?:[ !#-[\]-\u{10ffff}]+|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|($))/uy

/** What the reader is in, from the outermost on. */
interface Level {
  readonly close: '}' | ']'
  key: string
  index: number
}

/**
 * The keys and items of a file, each when it is read.
 *
 * @throws SyntaxFault at what is no JSON
 */
export function * jsonPlaces (text: string, maxDepth: number): Generator<Place> {
  const reader = new Reader(text)
  const levels: Level[] = []
  const place = () => ({ path: levels.map(({ key }) => key), line: reader.line })
  let expects: 'value' | 'key' | 'first' | 'more' = 'value'
  do {
    const token = reader.next()
    const level = levels.at(-1)
    if (level !== undefined && token === level.close && (expects === 'more' || expects === 'first')) {
      levels.pop()
      expects = 'more'
    } else if (expects === 'more') {
      if (token !== ',' || level === undefined) reader.fail(level === undefined ? 'the end' : `"," or "${level.close}"`)
      expects = level?.close === '}' ? 'key' : 'value'
    } else if (level?.close === '}' && expects !== 'value') {
      if (!token.startsWith('"')) reader.fail('a key in double quotes')
      level.key = JSON.parse(token)
      yield place()
      if (reader.next() !== ':') reader.fail('":"')
      expects = 'value'
    } else {
      if (level?.close === ']') {
        level.key = String(level.index++)
        yield place()
      }
      if (token === '{' || token === '[') {
        levels.push({ close: token === '{' ? '}' : ']', key: '', index: 0 })
        if (levels.length > maxDepth) reader.fail(`at most ${maxDepth} levels`)
        expects = 'first'
      } else if (/^[}\],:]?$/.test(token)) reader.fail('a value')
      else expects = 'more'
    }
  } while (levels.length > 0)
  if (reader.next() !== '') reader.fail('the end of the file')
}

/** The tokens of a text, with the line each is in. */
class Reader {
  readonly #text: string
  #offset = 0
  #token = 0
  #counted = 0
  #line = 1

  constructor (text: string) {
    this.#text = text
  }

  /** The next token; the empty one is the end. */
  next (): string {
    tokens.lastIndex = this.#offset
    const found = tokens.exec(this.#text)
    if (found === null) {
      this.#token = this.#offset + (/^[ \t\r\n]*/.exec(this.#text.slice(this.#offset))?.[0].length ?? 0)
      return this.fail('JSON')
    }
    const token = found[1] ?? found[2] ?? found[3] ?? ''
    this.#offset += found[0].length
    this.#token = this.#offset - token.length
    return token
  }

  /** The line of the last token. */
  get line (): number {
    for (; this.#counted < this.#token; this.#counted++) if (this.#text[this.#counted] === '\n') this.#line += 1
    return this.#line
  }

  fail (expected: string): never {
    const rest = this.#text.slice(this.#token)
    const got = rest === '' ? 'the end of the file' : JSON.stringify(/^(?:[\w.+-]+|.)/su.exec(rest)?.[0] ?? rest[0])
    const column = this.#token - this.#text.lastIndexOf('\n', this.#token - 1)
    throw new SyntaxFault(`expected ${expected}, got ${got}`, this.line, column)
  }
}
