/**
 * A Unix socket's path: taken over from a server that died, never from one that lives, and removed only if it is
 * still ours.
 *
 * Node binds to the path itself and removes it on close, even when a newer server has put its own socket there.
 * So we bind beside it and rename, which also swaps an old server for a new one without a gap.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { chmod, lstat, rename, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { AIO_ERR_SITE_PATH } from '../../lib/errors.ts'

/** What fits into sockaddr_un on Linux, in bytes. */
const MAX_PATH = 107

/** A bound path, and how to give it back. */
export interface BoundPath {
  /** Removes the path if it still leads to our socket. */
  release (): Promise<void>
}

/** A path that nobody serves, before a socket is there. */
export interface ClaimedPath {
  readonly path: string
  /** Where to bind. */
  readonly temporary: string
  /** Gives the bound socket its mode and its name. */
  publish (mode?: number): Promise<BoundPath>
}

/**
 * Makes `server` listen at `path`.
 *
 * @throws AIO_ERR_SITE_PATH when the path is too long, is something other than a socket, or is being served
 */
export async function listenAtPath (
  server: Server, path: string, options: { backlog: number, mode?: number | undefined }
): Promise<BoundPath> {
  const { temporary, publish } = await claimPath(path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: temporary, backlog: options.backlog }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  return publish(options.mode).catch(error => {
    // Node removes the path that it has bound itself.
    server.close()
    throw error
  })
}

/**
 * Finds out that `path` may be taken, and what to bind beside it.
 *
 * @throws AIO_ERR_SITE_PATH when the path is too long, is something other than a socket, or is being served
 */
export async function claimPath (path: string): Promise<ClaimedPath> {
  const temporary = join(dirname(path), `.${randomBytes(4).toString('hex')}`)
  for (const name of [path, temporary]) {
    if (Buffer.byteLength(name) > MAX_PATH) throw new AIO_ERR_SITE_PATH(path, `longer than ${MAX_PATH} bytes`)
  }
  await refuseIfTaken(path)
  return { path, temporary, publish: mode => publish(temporary, path, mode) }
}

async function publish (temporary: string, path: string, mode: number | undefined): Promise<BoundPath> {
  if (mode !== undefined) await chmod(temporary, mode)
  const { ino, dev } = await lstat(temporary)
  await rename(temporary, path)
  return {
    async release () {
      const found = await lstat(path).catch(() => null)
      if (found?.ino === ino && found.dev === dev) await unlink(path)
    }
  }
}

async function refuseIfTaken (path: string): Promise<void> {
  const found = await lstat(path).catch(() => null)
  if (found === null) return
  if (!found.isSocket()) throw new AIO_ERR_SITE_PATH(path, 'something other than a socket is there')
  if (await isServed(path)) throw new AIO_ERR_SITE_PATH(path, 'another server listens there (EADDRINUSE)')
}

function isServed (path: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    // Refused means that its server is gone; anything else (no permission, say) is no proof that it is.
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}
