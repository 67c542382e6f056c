/**
 * Files as bodies: their length is known, their type is that of their name, and they can be sent again.
 *
 * @module
 */

import { ReadStream, createReadStream } from 'node:fs'
import { stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { contentTypeOf } from '../../responses/index.ts'
import { octets, streamPayload } from './body-payload.ts'
import type { Payload } from '../types.ts'

/** A stream of `fs.createReadStream()`, or what `open()` of `fs/promises` gave: that one is the caller's to close. */
export type FileLike = ReadStream | FileHandle

/** Whether it is a file on disk. */
export function isFile (value: unknown): value is FileLike {
  return value instanceof ReadStream || isHandle(value)
}

/** The name of a file without its folders; `undefined` when nobody knows. */
export function nameOfFile (value: FileLike | Blob): string | undefined {
  if (value instanceof ReadStream) return typeof value.path === 'string' ? path.basename(value.path) : undefined
  return value instanceof File ? value.name : undefined
}

/** A file as a body. @throws the file system's error when it cannot be read */
export async function filePayload (file: FileLike): Promise<Payload> {
  return file instanceof ReadStream ? await streamedFile(file) : await openedFile(file)
}

/** A Blob as a body; a File has the type of its name unless it says one. */
export function blobPayload (blob: Blob): Payload {
  const type = blob.type || contentTypeOf(nameOfFile(blob) ?? '')
  return streamPayload({ open: () => blob.stream(), length: blob.size, type, replayable: true })
}

async function openedFile (handle: FileHandle): Promise<Payload> {
  const { size } = await handle.stat()
  const open = () => handle.createReadStream({ start: 0, autoClose: false })
  return streamPayload({ open, length: size, type: octets, replayable: true })
}

/** What nobody has begun to read can be opened again under its path. */
async function streamedFile (stream: ReadStream): Promise<Payload> {
  const { start, end } = stream as ReadStream & { start?: number, end?: number }
  const type = contentTypeOf(nameOfFile(stream) ?? '')
  // An error before anybody reads must not end the process: the path tells of it again.
  stream.on('error', () => {})
  const close = () => { stream.destroy() }
  if (typeof stream.path !== 'string' || stream.bytesRead > 0) {
    return streamPayload({ open: () => stream, length: null, type, replayable: false, close })
  }
  const file = stream.path
  const { size } = await stat(file)
  const first = start ?? 0
  const last = Math.min(end ?? Infinity, size - 1)
  const length = Math.max(last - first + 1, 0)
  let fresh = true
  const open = () => {
    if (length === 0) return []
    if (!fresh) return createReadStream(file, { start: first, end: last })
    fresh = false
    return stream
  }
  return streamPayload({ open, length, type, replayable: true, close })
}

function isHandle (value: unknown): value is FileHandle {
  return typeof value === 'object' && value !== null && 'createReadStream' in value && 'readableWebStream' in value &&
    'fd' in value && typeof value.fd === 'number'
}
