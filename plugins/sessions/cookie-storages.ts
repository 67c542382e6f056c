/**
 * Sessions that live in their cookie: nothing is kept on the server, and nothing can be ended there.
 *
 * @module
 */

import { checkOptions } from '../../lib/options.ts'
import { Sealer, secretBytes, secrets, Signer, type Secret } from '../../lib/secrets.ts'
import {
  readRecord, recordText,
  type FoundSession, type RefusedSession, type SavedSession, type SessionChange, type SessionStorage
} from './storage.ts'

/** Options of storages in cookies. */
export interface CookieStorageOptions {
  /**
   * At least 32 bytes nobody can guess. Of several the first is used for new cookies, the others still open old ones:
   * put a new one in front, and take the last one away after `maxAge`.
   */
  keys: Secret | readonly Secret[]
}

/** What the two kinds have in common: a text goes in, a value comes out. */
abstract class CookieStorage implements SessionStorage {
  protected readonly keys: readonly Secret[]

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_SECRET */
  constructor (options: CookieStorageOptions) {
    checkOptions(new.target.name, options, { keys: secrets })
    this.keys = secretBytes(options.keys, new.target.name)
  }

  /** The name is part of what is protected: the value of another cookie is worthless. */
  abstract open (app: unknown, cookieName: string): void
  protected abstract write (text: string): string
  protected abstract read (value: string): string | null

  close (): void {}

  load (value: string): FoundSession | RefusedSession {
    const text = this.read(value)
    const record = text === null ? null : readRecord(text)
    return record === null ? { refused: 'not made with our keys', suspicious: true } : { record, identity: null }
  }

  save ({ record }: SessionChange): SavedSession {
    return { value: record === null ? null : this.write(recordText(record)), identity: null }
  }
}

/** Sessions in a cookie that the client can read but not change. */
export class SignedCookieStorage extends CookieStorage {
  #signer: Signer | undefined

  override open (_app: unknown, cookieName: string): void {
    this.#signer = new Signer(this.keys, `session ${cookieName}`, 'SignedCookieStorage')
  }

  protected override write (text: string): string {
    return this.#signer?.sign(Buffer.from(text).toString('base64url')) ?? ''
  }

  protected override read (value: string): string | null {
    const text = this.#signer?.unsign(value) ?? null
    return text === null ? null : Buffer.from(text, 'base64url').toString()
  }
}

/** Sessions in a cookie that the client can neither read nor change. */
export class EncryptedCookieStorage extends CookieStorage {
  #sealer: Sealer | undefined

  override open (_app: unknown, cookieName: string): void {
    this.#sealer = new Sealer(this.keys, `session ${cookieName}`, 'EncryptedCookieStorage')
  }

  protected override write (text: string): string {
    return this.#sealer?.seal(text) ?? ''
  }

  protected override read (value: string): string | null {
    return this.#sealer?.unseal(value) ?? null
  }
}
