/**
 * Where the keys of a file stand: what an error needs to name the line.
 *
 * @module
 */

/** One key, or one item of a list, and its line from 1 on. */
export interface Place {
  readonly path: readonly string[]
  readonly line: number
}

/** A file that breaks the rules of its format. */
export class SyntaxFault extends Error {
  readonly line: number | undefined
  readonly column: number | undefined

  constructor (message: string, line?: number, column?: number) {
    super(message)
    this.line = line
    this.column = column
  }
}

/** The lines of places, asked for by path; what has no place of its own has that of what it is in. */
export class Lines {
  readonly #lines = new Map<string, number>()

  constructor (places: Iterable<Place>) {
    for (const { path, line } of places) this.#add(path, line)
  }

  /** What a key is in begins with it, unless it had a line before (TOML: `a.b.c = 1`). */
  #add (path: readonly string[], line: number): void {
    for (let length = path.length; length > 0; length--) {
      const key = JSON.stringify(path.slice(0, length))
      if (this.#lines.has(key)) return
      this.#lines.set(key, line)
    }
  }

  at (path: readonly string[]): number | undefined {
    for (let length = path.length; length > 0; length--) {
      const line = this.#lines.get(JSON.stringify(path.slice(0, length)))
      if (line !== undefined) return line
    }
    return undefined
  }
}

/** The first place whose key has been there before. */
export function firstDouble (places: Iterable<Place>): Place | undefined {
  const seen = new Set<string>()
  for (const place of places) {
    const key = JSON.stringify(place.path)
    if (seen.has(key)) return place
    seen.add(key)
  }
  return undefined
}

/** The text of a quoted or bare key of YAML and TOML. */
export function unquote (text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'")
  if (!text.startsWith('"')) return text
  try {
    return JSON.parse(text)
  } catch {
    // An escape that JSON does not have: its line is found by what it is in.
    return text
  }
}

/** What a value leaves open at the end of its line: brackets, or a string of several lines. */
export class Continuation {
  readonly #comment: RegExp
  #depth = 0
  #quote = ''

  /** Takes what begins a comment: `#` in TOML, ` #` in YAML. */
  constructor (comment: RegExp) {
    this.#comment = comment
  }

  get open (): boolean {
    return this.#depth > 0 || this.#quote !== ''
  }

  /** Reads on, to the end of the line. */
  read (text: string): void {
    let rest = text
    while (rest !== '') rest = this.#quote === '' ? this.#outside(rest) : this.#inside(rest)
  }

  /** A plain string of one line ends with it. */
  endLine (): void {
    if (this.#quote.length === 1) this.#quote = ''
  }

  #outside (text: string): string {
    if (this.#comment.test(text)) return ''
    const quote = /^("""|'''|"|')/.exec(text)?.[0]
    if (quote !== undefined) {
      this.#quote = quote
      return text.slice(quote.length)
    }
    // An apostrophe in the middle of a word (YAML: [don't]) begins no string.
    const word = /^[^\s"'#[\]{},:=][^\s[\]{},=]*/.exec(text)?.[0]
    if (word !== undefined) return text.slice(word.length)
    if (/^[[{]/.test(text)) this.#depth += 1
    if (/^[\]}]/.test(text)) this.#depth = Math.max(0, this.#depth - 1)
    return text.slice(1)
  }

  #inside (text: string): string {
    if (this.#quote.startsWith('"') && text.startsWith('\\')) return text.slice(2)
    if (!text.startsWith(this.#quote)) return text.slice(1)
    const { length } = this.#quote
    this.#quote = ''
    return text.slice(length)
  }
}
