/**
 * What the registry of websockets takes and gives.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { anything, boolean, milliseconds, oneOf, type Shape } from '../../lib/options.ts'
import type { CloseOptions } from '../../lib/websocket/options.ts'
import type { Delivery } from '../../lib/websocket/outbox.ts'
import type { Bytes } from '../../lib/websocket/writer.ts'
import type { SharedMessage } from './broadcast.ts'
import type { Origins } from './options.ts'

/** An open websocket, whoever opened it. */
export interface OpenWebSocket {
  /** The request it began with. */
  readonly request: FastifyRequest
  /** The pattern of its route, such as `/rooms/:id`. */
  readonly route: string
  /** When it was opened, in milliseconds since 1970. */
  readonly openedAt: number
  close (options?: CloseOptions): Promise<unknown>
  terminate (): void
  /** Sends its share of a broadcast. @internal */
  deliver (message: SharedMessage): Delivery
}

/** Options of the registry. */
export interface RegistryOptions {
  /** Milliseconds each websocket has to answer the close frame. */
  closeTimeout: number
  /** How many are closed at once. */
  closeBatch: number
  /** Milliseconds between two batches. */
  closeInterval: number
  /** Milliseconds over which all are spread; `null` leaves that to the batches. */
  closeSpread: number | null
  /** Which pages may open a websocket, unless it says otherwise itself. */
  origins: Origins
  /** How many may be open; 0 is no limit. */
  maxConnections: number
  /** How many may be open from one address; 0 is no limit. */
  maxConnectionsPerAddress: number
}

/** How all websockets are closed. */
export interface CloseAllOptions extends CloseOptions {
  /**
   * Milliseconds each has to answer before its connection is dropped.
   *
   * @default the plugin's closeTimeout
   */
  timeout?: number
}

/** How a message is sent to many. */
export interface BroadcastOptions {
  /**
   * `true` compresses for all who can have it, for each alone where need be; `false` for nobody.
   *
   * @default only what can be compressed once for all: see `contextTakeover`
   */
  compress?: boolean
  /**
   * What becomes of a receiver for whom more than its `writerLimit` waits: it misses this message, or its
   * connection is dropped.
   *
   * @default 'skip'
   */
  slow?: 'skip' | 'drop'
  /**
   * Gets no message, as a rule the sender.
   *
   * @default none
   */
  except?: OpenWebSocket
  /**
   * Sends to the websockets of this process only, past the backplane.
   *
   * @default false
   */
  local?: boolean
}

/** What became of a broadcast in this process. */
export interface BroadcastResult {
  /** How many it was sent to. */
  readonly sent: number
  /** How many missed it because they are slow. */
  readonly skipped: number
  /** How many were dropped because they are slow. */
  readonly dropped: number
}

/** Numbers for health checks and metrics; those of messages count since the start. */
export interface WebSocketCounts {
  readonly open: number
  readonly opened: number
  readonly refused: number
  readonly broadcasts: number
  readonly delivered: number
  readonly skipped: number
  readonly dropped: number
  /** How many are open, by route. */
  readonly routes: Readonly<Record<string, number>>
  /** How many are members, by group. */
  readonly groups: Readonly<Record<string, number>>
}

/** @internal */
export const timeoutShape: Shape<{ timeout?: number }> = { timeout: milliseconds }
/** @internal */
export const broadcastShape: Shape<BroadcastOptions> = {
  compress: boolean,
  slow: oneOf('skip', 'drop'),
  except: anything,
  local: boolean
}

/** Passes broadcasts on to other processes. */
export type Relay = (group: string | null, data: string | Bytes, options: BroadcastOptions) => void
