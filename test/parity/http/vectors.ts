/**
 * The recorded vectors: what one holds, and how one is sent.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { compare, compareRaw } from './compare.ts'
import {
  BrokenResponse, bytesOf, CLOSE_WAIT, Connection, SETTLE, TIMEOUT, type Blob, type Target, type WireResponse
} from './wire.ts'

/** A body in one of the ways a vector gives it. */
export type ExpectedBody = Blob | { readonly json: unknown } | { readonly hrefs: readonly string[] } |
  { readonly sha256: string, readonly length: number }

/** One request and its one response. */
export interface PlainVector {
  readonly name: string
  readonly section: string
  readonly request: {
    readonly method: string
    readonly target: string
    readonly headers: readonly (readonly [name: string, value: string])[]
    readonly body: Blob | null
    readonly version?: string
  }
  readonly response: {
    readonly status: number
    /** `null`: not compared. */
    readonly reason: string | null
    readonly headers: Readonly<Record<string, string | readonly string[]>>
    /** Headers that have to be there, with any value. */
    readonly present?: readonly string[]
    /** The body is compared after Content-Encoding is undone. */
    readonly decoded?: boolean
    readonly body: ExpectedBody
  }
}

/** Bytes on a connection and what becomes of it. */
export interface RawVector {
  readonly name: string
  readonly section: string
  readonly request: { readonly raw: Blob | readonly Blob[] }
  readonly response: {
    readonly status: number | null
    readonly statuses?: readonly number[]
    readonly closes: boolean
    readonly truncated?: boolean
    readonly bodies?: readonly string[]
  }
}

export type Vector = PlainVector | RawVector

/** What came back for a plain vector; `stray` are bytes after the response. */
export type PlainAnswer = WireResponse & { readonly stray: Buffer }

/** What came back for a raw one. */
export interface RawAnswer {
  readonly statuses: readonly number[]
  readonly bodies: readonly string[]
  readonly truncated: boolean
  readonly closes: boolean
}

/** Reads a file of vectors. */
export function readVectors (path: string | URL): Vector[] {
  return JSON.parse(readFileSync(path, 'utf8'))
}

export function isRaw (vector: Vector): vector is RawVector {
  return 'raw' in vector.request
}

/** Sends one vector; gives what differs, one line each. */
export async function replay (vector: Vector, target: Target): Promise<string[]> {
  try {
    return isRaw(vector)
      ? compareRaw(vector, await exchangeRaw(vector, target))
      : compare(vector, await exchange(vector, target))
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** Sends vectors, a few at a time; gives the differences of each, in their order. */
export async function replayAll (vectors: readonly Vector[], target: Target, jobs = 8): Promise<string[][]> {
  const results: string[][] = []
  const queue = vectors.entries()
  await Promise.all(Array.from({ length: jobs }, async () => {
    for (const [number, vector] of queue) results[number] = await replay(vector, target)
  }))
  return results
}

/** One request and its response, on a connection of its own. */
export async function exchange ({ request, response: expected }: PlainVector, target: Target): Promise<PlainAnswer> {
  const { body, headers, method, version = '1.1' } = request
  const head = [`${method} ${request.target} HTTP/${version}`, ...headers.map(([name, value]) => `${name}: ${value}`)]
  const connection = new Connection(target)
  try {
    connection.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytesOf(body)]))
    let response
    do response = await connection.response(method)
    while (response.status < 200)
    const bodiless = method === 'HEAD' || response.status === 204 || response.status === 304
    if (bodiless) await connection.fill(SETTLE)
    return { ...response, stray: connection.buffer }
  } finally {
    connection.destroy()
  }
}

/** Pieces of bytes, and every response to them. */
async function exchangeRaw ({ request, response: expected }: RawVector, target: Target): Promise<RawAnswer> {
  const pieces = 'text' in request.raw || 'base64' in request.raw ? [request.raw] : request.raw
  const due = expected.statuses?.length ?? (expected.status === null ? 0 : 1)
  const connection = new Connection(target)
  const statuses: number[] = []
  const bodies: string[] = []
  let truncated = false
  try {
    for (const [number, piece] of pieces.entries()) {
      if (number > 0) await sleep(SETTLE)
      connection.write(bytesOf(piece))
    }
    while (!truncated) {
      const patience = statuses.length < due ? TIMEOUT : CLOSE_WAIT
      if (connection.buffer.length === 0 && !await connection.fill(patience)) break
      try {
        const { status, body } = await connection.response('GET')
        statuses.push(status)
        if (status >= 200) bodies.push(body.toString())
      } catch (error) {
        if (!(error instanceof BrokenResponse) || connection.status === null || !connection.ended) throw error
        statuses.push(connection.status)
        truncated = true
      }
    }
    return { statuses, bodies, truncated, closes: connection.ended }
  } finally {
    connection.destroy()
  }
}
