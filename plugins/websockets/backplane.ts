/**
 * Broadcasts between processes, over whatever carries bytes to all of them.
 *
 * At most once: nothing is kept for who is not connected, and nothing is sent again. When the carrier is lost,
 * that is logged once, it connects again by itself, and local delivery goes on meanwhile.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { AIO_ERR_PACKAGE_MISSING } from '../../lib/errors.ts'
import type { Relay } from './registry-options.ts'

/** What a backplane tells of itself. */
export interface BackplaneEvents {
  /** Bytes that another process, or this one, has published. */
  message (bytes: Uint8Array): void
  /** The connection works, at first or again. */
  up (): void
  /** The connection is lost, or cannot be opened; it is tried again. */
  down (error: Error): void
}

/** Carries bytes to all processes; `redisBackplane()` and `natsBackplane()` make one. */
export interface Backplane {
  /** What it is, for the log. */
  readonly name: string
  /** Begins to connect; rejects only when it never will, as without its package. */
  start (events: BackplaneEvents): Promise<void>
  /** Sends to all processes that listen now; does not fail, whatever happens to the bytes. */
  publish (bytes: Buffer): void
  stop (): Promise<void>
}

/** Where losing and finding the backplane is written. */
export interface BackplaneLog {
  info (fields: object, message: string): void
  warn (fields: object, message: string): void
}

interface Envelope {
  readonly from: string
  readonly group: string | null
  readonly binary: boolean
  readonly compress?: boolean
  readonly slow?: 'skip' | 'drop'
}

/** How long the app waits for it at the start, in milliseconds. */
const patience = 2000

/** Connects a registry with a backplane. */
export class BackplaneLink {
  readonly #backplane: Backplane
  readonly #log: BackplaneLog
  readonly #id = randomBytes(9).toString('base64url')
  #up: boolean | undefined

  constructor (backplane: Backplane, log: BackplaneLog) {
    this.#backplane = backplane
    this.#log = log
  }

  /** Whether it is connected. */
  get up (): boolean {
    return this.#up === true
  }

  /**
   * Returns when it is connected, or has failed to once, at the latest after two seconds.
   *
   * @param deliver takes in what other processes broadcast
   * @throws AIO_ERR_PACKAGE_MISSING
   */
  async start (deliver: Relay): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, patience)
      const settled = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#backplane.start(this.#events(deliver, settled)).catch(error => {
        clearTimeout(timer)
        reject(error)
      })
    })
  }

  #events (deliver: Relay, settled: () => void): BackplaneEvents {
    const { name } = this.#backplane
    return {
      message: bytes => {
        const received = unpack(bytes)
        // Its own come back too.
        if (received === null || received.envelope.from === this.#id) return
        const { group, binary, compress, slow } = received.envelope
        deliver(group, binary ? received.data : received.data.toString(), {
          ...(compress !== undefined && { compress }), ...(slow !== undefined && { slow })
        })
      },
      up: () => {
        if (this.#up === false) this.#log.info({ backplane: name }, 'The backplane is connected again')
        this.#up = true
        settled()
      },
      down: error => {
        if (this.#up !== false) {
          this.#log.warn({ backplane: name, err: error }, 'The backplane is lost: broadcasts stay in this process')
        }
        this.#up = false
        settled()
      }
    }
  }

  /** Sends a broadcast to the other processes. */
  readonly relay: Relay = (group, data, { compress, slow }) => {
    const binary = typeof data !== 'string'
    const envelope: Envelope = {
      from: this.#id, group, binary, ...(compress !== undefined && { compress }), ...(slow !== undefined && { slow })
    }
    this.#backplane.publish(pack(envelope, data instanceof ArrayBuffer ? new Uint8Array(data) : Buffer.from(data)))
  }

  async stop (): Promise<void> {
    await this.#backplane.stop()
  }
}

/** The length of the envelope in two bytes, the envelope as JSON, the message. */
function pack (envelope: Envelope, data: Uint8Array): Buffer {
  const head = Buffer.from(JSON.stringify(envelope))
  const length = Buffer.alloc(2)
  length.writeUInt16BE(head.length)
  return Buffer.concat([length, head, data])
}

/** `null` for what is none of ours. */
function unpack (bytes: Uint8Array): { envelope: Envelope, data: Buffer } | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < 2) return null
  const end = 2 + buffer.readUInt16BE()
  try {
    const envelope: unknown = JSON.parse(buffer.toString('utf8', 2, end))
    return isEnvelope(envelope) ? { envelope, data: buffer.subarray(end) } : null
  } catch {
    return null
  }
}

function isEnvelope (value: unknown): value is Envelope {
  const { from, group, binary } = Object(value)
  return typeof from === 'string' && (group === null || typeof group === 'string') && typeof binary === 'boolean'
}

/** Loads an optional package. @throws AIO_ERR_PACKAGE_MISSING which names it */
export async function loadPackage<Module> (
  name: string, where: string, load: () => Promise<Module>
): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    throw new AIO_ERR_PACKAGE_MISSING(name, where, { cause: error as Error })
  }
}
