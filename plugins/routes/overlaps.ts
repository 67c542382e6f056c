/**
 * Which paths may be matched by the same request: a tree of segments, so that each of thousands of routes is compared
 * with the few it may meet, and not with all of them.
 *
 * @module
 */

import type { Segment } from './pattern.ts'

/** The segments of a path, and whether any number of others may follow. */
export interface Shape {
  readonly segments: readonly Segment[]
  readonly open: boolean
}

/** What has the same segments so far. */
class Node<Item> {
  readonly texts = new Map<string, Node<Item>>()
  /** Behind a variable, or a segment that is one in part. */
  variable: Node<Item> | undefined
  /** What ends here. */
  readonly closed: Item[] = []
  /** What goes on in any way. */
  readonly open: Item[] = []

  /** The node behind a segment, made if need be. */
  enter (segment: Segment): Node<Item> {
    const text = textOf(segment)
    const node = (text === undefined ? this.variable : this.texts.get(text)) ?? new Node<Item>()
    if (text === undefined) this.variable = node
    else this.texts.set(text, node)
    return node
  }

  /** The nodes behind whatever may be equal to a segment. */
  behind (segment: Segment): Node<Item>[] {
    const text = textOf(segment)
    const nodes = text === undefined ? [...this.texts.values()] : [this.texts.get(text) ?? []].flat()
    return this.variable === undefined ? nodes : [...nodes, this.variable]
  }

  /** Everything from here on. */
  * all (): Generator<Item> {
    yield * this.closed
    yield * this.open
    for (const node of this.texts.values()) yield * node.all()
    if (this.variable !== undefined) yield * this.variable.all()
  }
}

/** Items by the shapes of their paths. */
export class Overlaps<Item> {
  readonly #root = new Node<Item>()

  add ({ segments, open }: Shape, item: Item): void {
    let node = this.#root
    for (const segment of segments) node = node.enter(segment)
    if (open) node.open.push(item)
    else node.closed.push(item)
  }

  /** What may have a path in common with a shape; when in doubt, it may. */
  * find ({ segments, open }: Shape): Generator<Item> {
    let nodes = [this.#root]
    for (const segment of segments) {
      for (const node of nodes) yield * node.open
      nodes = nodes.flatMap(node => node.behind(segment))
    }
    for (const node of nodes) yield * open ? node.all() : [...node.closed, ...node.open]
  }
}

function textOf (segment: Segment): string | undefined {
  return segment !== 'mixed' && 'text' in segment ? segment.text : undefined
}
