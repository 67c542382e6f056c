/**
 * What a storage of sessions is: it turns the value of a cookie into a session, and a session into such a value.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { AIO_ERR_SESSION_VALUE } from './errors.ts'

/** What is kept of a session, wherever that is. */
export interface SessionRecord {
  /** When the session began, in milliseconds since 1970. */
  readonly created: number
  /** When it was saved last. */
  readonly saved: number
  /** How long it lives from there, in milliseconds. */
  readonly maxAge: number
  readonly session: Readonly<Record<string, unknown>>
}

/** What a storage found for a cookie. */
export interface FoundSession {
  readonly record: SessionRecord
  /** The id it is stored under; `null` when all of it is in the cookie. */
  readonly identity: string | null
}

/** Why a storage found none: the cookie is not ours, or the session has ended. For the log. */
export interface RefusedSession {
  readonly refused: string
  /** Whether somebody may have tampered with it. */
  readonly suspicious: boolean
}

/** What is to be saved. */
export interface SessionChange {
  /** The id it had when it was loaded; `null` when it is new, or in the cookie. */
  readonly identity: string | null
  /** The id it is to have: `undefined` keeps the one it has, `null` asks for a fresh one. */
  readonly nextIdentity: string | null | undefined
  /** `null` ends the session. */
  readonly record: SessionRecord | null
  /** How long a server has to keep it, in milliseconds. */
  readonly lifetime: number
}

/** What the storage made of a change. */
export interface SavedSession {
  /** The value of the cookie; `null` deletes it. */
  readonly value: string | null
  readonly identity: string | null
  /** Whether the session had been ended by another request; then nothing was saved. */
  readonly ended?: boolean
}

/** Where sessions are kept (aiohttp: AbstractStorage). */
export interface SessionStorage {
  /** Called once, before the app serves. */
  open (app: FastifyInstance, cookieName: string): Promise<void> | void
  /** Called once, when the app has stopped. */
  close (): Promise<void> | void
  /** @throws SessionsUnavailable */
  load (value: string): Promise<FoundSession | RefusedSession> | FoundSession | RefusedSession
  /** @throws SessionsUnavailable, AIO_ERR_SESSION_VALUE */
  save (change: SessionChange): Promise<SavedSession> | SavedSession
}

/** A session as text. @throws AIO_ERR_SESSION_VALUE for what JSON does not have, such as circles and BigInt */
export function recordText (record: SessionRecord): string {
  try {
    return JSON.stringify(record)
  } catch (error) {
    throw new AIO_ERR_SESSION_VALUE(error instanceof Error ? error.message : String(error))
  }
}

/** What is found of a text that a storage has kept; anything else than what was written is refused. */
export function readRecord (text: string): SessionRecord | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  return isRecord(value) ? value : null
}

function isRecord (value: unknown): value is SessionRecord {
  if (typeof value !== 'object' || value === null) return false
  const { created, saved, maxAge, session }: Partial<Record<keyof SessionRecord, unknown>> = value
  return [created, saved, maxAge].every(Number.isFinite) &&
    typeof session === 'object' && session !== null && !Array.isArray(session)
}

/** Whether a value is a storage of ours, or one that could be. */
export function isStorage (value: unknown): value is SessionStorage {
  return typeof value === 'object' && value !== null &&
    ['open', 'close', 'load', 'save'].every(name => typeof Reflect.get(value, name) === 'function')
}
