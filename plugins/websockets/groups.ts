/**
 * Who is a member of what.
 *
 * @module
 */

const nobody: ReadonlySet<never> = new Set()

/** Groups that begin with their first member and end with their last. */
export class Groups<Member> {
  readonly #members = new Map<string, Set<Member>>()
  readonly #groups = new Map<Member, Set<string>>()

  /** The members of a group, in the order they joined. */
  members (group: string): ReadonlySet<Member> {
    return this.#members.get(group) ?? nobody
  }

  /** The groups of a member. */
  of (member: Member): ReadonlySet<string> {
    return this.#groups.get(member) ?? nobody
  }

  /** How many members each group has. */
  sizes (): Record<string, number> {
    return Object.fromEntries([...this.#members].map(([group, members]) => [group, members.size]))
  }

  join (member: Member, group: string): void {
    entry(this.#members, group).add(member)
    entry(this.#groups, member).add(group)
  }

  /** False if it was no member. */
  leave (member: Member, group: string): boolean {
    const was = remove(this.#members, group, member)
    remove(this.#groups, member, group)
    return was
  }

  /** Ends all memberships. */
  drop (member: Member): void {
    for (const group of this.of(member)) remove(this.#members, group, member)
    this.#groups.delete(member)
  }
}

function entry<Key, Item> (map: Map<Key, Set<Item>>, key: Key): Set<Item> {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = new Set<Item>()
  map.set(key, made)
  return made
}

function remove<Key, Item> (map: Map<Key, Set<Item>>, key: Key, item: Item): boolean {
  const items = map.get(key)
  const was = items?.delete(item) ?? false
  if (items?.size === 0) map.delete(key)
  return was
}
