/**
 * The places of the keys of a YAML file, by its indentation; the file has been parsed before, so it is well formed.
 *
 * Keys in braces have the line of the key that the braces belong to.
 *
 * @module
 */

import { Continuation, unquote, type Place } from './place.ts'

/** The key or the item that the reader is at, on one level of indentation. */
interface Level {
  readonly indent: number
  /** Absent: a key. */
  readonly index?: number
  readonly path: readonly string[]
}

const keyPattern = /^((?:[&!]\S+ +)*)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#&*!|>%@`"'[\]{},][^#]*?)\s*:(?=\s|$)/

/** The keys and items of a file, from its first line to its last. */
export function yamlPlaces (text: string): Place[] {
  return new YAMLReader().read(text)
}

class YAMLReader {
  readonly #places: Place[] = []
  readonly #levels: Level[] = []
  #flow = new Continuation(/^\s#/)
  /** The indentation of the key whose block of text (`|`, `>`) is being skipped. */
  #block: number | undefined

  read (text: string): Place[] {
    for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) this.#line(line, index + 1)
    return this.#places
  }

  #line (line: string, number: number): void {
    const indent = line.length - line.trimStart().length
    if (this.#flow.open) return this.#flow.read(line)
    if (line.trim() === '') return
    if (this.#block !== undefined && indent > this.#block) return
    this.#block = undefined
    if (/^\s*#|^(---|\.\.\.)(\s|$)|^%/.test(line)) return
    this.#entry(line.slice(indent), indent, number)
  }

  /** What stands at one place of a line: an item with an entry behind its dash, or a key with its value. */
  #entry (text: string, indent: number, line: number): void {
    const dash = /^-(?:\s+|$)/.exec(text)
    if (dash !== null) {
      this.#item(indent, line)
      if (dash[0].length < text.length) this.#entry(text.slice(dash[0].length), indent + dash[0].length, line)
      return
    }
    const key = keyPattern.exec(text)
    if (key === null) return this.#value(text, this.#levels.at(-1)?.indent ?? -1)
    this.#leave(level => level.indent >= indent)
    const path = [...this.#levels.at(-1)?.path ?? [], unquote(key[2] ?? '')]
    this.#levels.push({ indent, path })
    this.#places.push({ path, line })
    this.#value(text.slice(key[0].length).trim(), indent)
  }

  #item (indent: number, line: number): void {
    this.#leave(level => level.indent > indent)
    const last = this.#levels.at(-1)
    const again = last?.indent === indent && last.index !== undefined
    if (again) this.#levels.pop()
    const index = again ? (last.index ?? 0) + 1 : 0
    const path = [...this.#levels.at(-1)?.path ?? [], String(index)]
    this.#levels.push({ indent, index, path })
    this.#places.push({ path, line })
  }

  #leave (left: (level: Level) => boolean): void {
    while (this.#levels.length > 0 && this.#levels.slice(-1).every(left)) this.#levels.pop()
  }

  /** Looks whether a value goes on behind its line. */
  #value (text: string, indent: number): void {
    const bare = text.replace(/^(?:[&!]\S+\s+)+/, '')
    if (/^[|>]/.test(bare)) this.#block = indent
    else if (/^["'[{]/.test(bare)) {
      this.#flow = new Continuation(/^\s#/)
      this.#flow.read(bare)
    }
  }
}
