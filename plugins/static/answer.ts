/**
 * The answer for a file: conditions first, then the range, then the whole.
 *
 * Small files come out of memory, large ones are read in pieces while they are sent. Knows no Fastify: an answer is a
 * description, and what headers a whole file has is worked out once.
 *
 * @module
 */

import type { IncomingHttpHeaders } from 'node:http'
import {
  type FileFacts, fileFacts, fileRange, type FileRange, FileStream, preconditions
} from '../responses/index.ts'
import type { Files, Representation } from './files.ts'

/** What of a request decides about the answer. */
export interface Asked {
  readonly method: string
  readonly headers: IncomingHttpHeaders
}

/** What is sent. A stream has to be destroyed by whoever does not send it. */
export interface Answer {
  readonly status: 200 | 206 | 304 | 412 | 416
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | FileStream | undefined
}

const failed: Answer = { status: 412, headers: {} }

/**
 * The answer for a file that `files` has found; `undefined` when the file has gone meanwhile. Comes without a promise
 * when nothing has to be read.
 */
export function answer (
  files: Files, file: Representation, { method, headers }: Asked, chunkSize: number
): Answer | Promise<Answer | undefined> {
  const { content, facts, head } = file
  const status = preconditions(headers, facts)
  if (status === 412) return failed
  if (status === 304) return { status, headers: head.validators }
  if (method !== 'HEAD' && content === undefined && facts.size > 0) return fromDisk(files, file, headers, chunkSize)
  const part = fileRange(headers, facts)
  if (part === 'unsatisfiable') return unsatisfiable(facts)
  const body = method === 'HEAD' ? undefined : content
  return part === null
    ? { status: 200, headers: head.whole, body }
    : { status: 206, headers: partial(head.whole, part, facts), body: body?.subarray(part.start, part.end) }
}

async function fromDisk (
  files: Files, file: Representation, headers: IncomingHttpHeaders, chunkSize: number
): Promise<Answer | undefined> {
  const opened = await files.folder.open(file.path)
  if (opened === undefined) return undefined
  const { handle, stats } = opened
  // What is announced is what is open, should somebody have replaced the file this moment.
  const facts = fileFacts(stats)
  const { whole } = files.headOf(file, facts)
  const part = fileRange(headers, facts)
  if (part === 'unsatisfiable') {
    await handle.close()
    return unsatisfiable(facts)
  }
  const { start, end } = part ?? { start: 0, end: facts.size }
  const body = new FileStream(handle, { start, end, chunkSize })
  if (part === null) return { status: 200, headers: whole, body }
  return { status: 206, headers: partial(whole, part, facts), body }
}

function partial (whole: Answer['headers'], { start, end }: FileRange, { size }: FileFacts): Answer['headers'] {
  return { ...whole, 'content-length': String(end - start), 'content-range': `bytes ${start}-${end - 1}/${size}` }
}

function unsatisfiable ({ size }: FileFacts): Answer {
  return { status: 416, headers: { 'content-type': 'application/octet-stream', 'content-range': `bytes */${size}` } }
}
