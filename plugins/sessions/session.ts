/**
 * A session: named values that follow a client from request to request.
 *
 * Setting and deleting marks it as changed, and only a changed session is saved. Values are what JSON can hold.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { describe, integer } from '../../lib/options.ts'
import { AIO_ERR_SESSION_ID, AIO_ERR_SESSION_IDENTITY } from './errors.ts'
import type { SavedSession, SessionChange, SessionRecord } from './storage.ts'

/** The types of what your sessions hold: augment it, and `get()` and `set()` know them. */
export interface SessionData {}

/** What a session begins with. */
export interface SessionStart {
  readonly record: SessionRecord | null
  readonly identity: string | null
  readonly maxAge: number
}

/** What a session needs of the request it belongs to. */
export interface SessionVisit {
  /** Called before each change. @throws AIO_ERR_SESSION_SENT when it is too late, AIO_ERR_SESSION_REPLY */
  touch (what: string): void
  save (): Promise<void>
}

const ids = /^[\w\-.~]{16,256}$/
const wholeMilliseconds = integer(1)

/** A session (aiohttp_session: Session). */
export class Session {
  /** When it began, in milliseconds since 1970. */
  readonly created: number
  readonly #visit: SessionVisit
  #values: Map<string, unknown>
  #new: boolean
  #changed = false
  #maxAge: number
  #saved: number | null
  #identity: string | null
  #nextIdentity: string | null | undefined

  constructor ({ record, identity, maxAge }: SessionStart, visit: SessionVisit) {
    this.#visit = visit
    this.#new = record === null
    this.#identity = identity
    this.#maxAge = record?.maxAge ?? maxAge
    this.created = record?.created ?? Date.now()
    this.#saved = record?.saved ?? null
    this.#values = new Map(Object.entries(record?.session ?? {}))
  }

  /** Whether the client came without a session, or with one that was refused. */
  get new (): boolean {
    return this.#new
  }

  /** The id it is stored under; `null` when it is kept in the cookie, or has not been saved yet. */
  get identity (): string | null {
    return this.#nextIdentity === undefined ? this.#identity : this.#nextIdentity
  }

  /** When it was saved last, in milliseconds since 1970; `null` for one that never was. */
  get saved (): number | null {
    return this.#saved
  }

  /** Whether it has no values; an empty session is not kept. */
  get empty (): boolean {
    return this.#values.size === 0
  }

  /** How many values it has. */
  get size (): number {
    return this.#values.size
  }

  /** How long it lives after it was saved last, in milliseconds. */
  get maxAge (): number {
    return this.#maxAge
  }

  /** @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_SESSION_SENT */
  set maxAge (maxAge: number) {
    if (!wholeMilliseconds.test(maxAge)) {
      throw new AIO_ERR_ARGUMENT_INVALID('maxAge', 'the session', `${wholeMilliseconds.expected} millisecond`, describe(maxAge))
    }
    this.#touch('change')
    this.#maxAge = maxAge
  }

  get<Key extends keyof SessionData> (key: Key): SessionData[Key] | undefined
  get<Value = unknown> (key: string): Value | undefined
  get (key: string): unknown {
    return this.#values.get(key)
  }

  has (key: string): boolean {
    return this.#values.has(key)
  }

  /** @throws AIO_ERR_SESSION_SENT when the response is on its way, AIO_ERR_SESSION_REPLY */
  set<Key extends keyof SessionData> (key: Key, value: SessionData[Key]): this
  set (key: string, value: unknown): this
  set (key: string, value: unknown): this {
    if (typeof key !== 'string') throw new AIO_ERR_ARGUMENT_INVALID('key', 'session.set()', 'a string', describe(key))
    this.#touch('change')
    this.#values.set(key, value)
    return this
  }

  /** Takes a value away; false when there is none. @throws AIO_ERR_SESSION_SENT */
  delete (key: string): boolean {
    if (!this.#values.has(key)) return false
    this.#touch('change')
    return this.#values.delete(key)
  }

  keys (): IterableIterator<string> {
    return this.#values.keys()
  }

  /** The values by their names. */
  entries (): IterableIterator<[string, unknown]> {
    return this.#values.entries()
  }

  [Symbol.iterator] (): IterableIterator<[string, unknown]> {
    return this.#values.entries()
  }

  /** Says that something inside of a value was changed, which nobody can see. @throws AIO_ERR_SESSION_SENT */
  changed (): void {
    this.#touch('change')
  }

  /** Ends the session: its values, its entry in a store and its cookie are gone. @throws AIO_ERR_SESSION_SENT */
  invalidate (): void {
    this.#touch('end')
    this.#values.clear()
    // What is set from here on belongs to another session.
    this.#nextIdentity = null
  }

  /**
   * Gives the session another id and keeps its values; the old id is worthless. Do so whenever somebody logs in: an id
   * that was foisted on the client before is of no use then.
   *
   * @throws AIO_ERR_SESSION_SENT
   */
  regenerate (): void {
    this.#touch('regenerate')
    this.#nextIdentity = null
  }

  /** Chooses the id of a new session. @throws AIO_ERR_SESSION_IDENTITY, AIO_ERR_SESSION_ID, AIO_ERR_SESSION_SENT */
  setNewIdentity (identity: string): void {
    if (!this.#new) throw new AIO_ERR_SESSION_IDENTITY()
    if (!isIdentity(identity)) throw new AIO_ERR_SESSION_ID(describe(identity))
    this.#touch('change')
    this.#nextIdentity = identity
  }

  /**
   * Saves now what has changed; otherwise it is saved with the response. For what takes the response away from Fastify:
   * websockets, hijacked replies.
   *
   * @throws AIO_ERR_SESSION_SENT, AIO_ERR_SESSION_VALUE, AIO_ERR_SESSION_TOO_LARGE, SessionsUnavailable
   */
  async save (): Promise<void> {
    this.#visit.touch('save')
    await this.#visit.save()
  }

  /** For who saves: whether there is something to save. */
  get isChanged (): boolean {
    return this.#changed
  }

  /** For who saves: what is to be saved, living for at most `limit` milliseconds. */
  toChange (now: number, limit: number): SessionChange {
    const lifetime = Math.min(this.#maxAge, limit)
    const record = this.empty
      ? null
      : { created: this.created, saved: now, maxAge: this.#maxAge, session: Object.fromEntries(this.#values) }
    return { identity: this.#identity, nextIdentity: this.#nextIdentity, record, lifetime }
  }

  /** For who saves: before it is done, so that what changes meanwhile is saved as well. */
  markSaving (now: number): void {
    this.#changed = false
    this.#saved = now
  }

  /** For who saves: what became of it. */
  markSaved ({ identity }: SavedSession): void {
    this.#identity = identity
    this.#nextIdentity = undefined
    if (identity !== null) this.#new = false
  }

  #touch (what: string): void {
    this.#visit.touch(what)
    this.#changed = true
  }
}

/** What may be the id of a session: what anybody sends is not asked of a store. */
export function isIdentity (value: unknown): value is string {
  return typeof value === 'string' && ids.test(value)
}
