/**
 * The file that tells others the master's process id.
 *
 * @module
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { AIO_ERR_PID_FILE } from './errors.ts'

/** A file with our process id in it. */
export class PidFile {
  readonly #path: string

  /**
   * Writes the file; one that a dead process left behind is taken over.
   *
   * @throws AIO_ERR_PID_FILE, or the system's error
   */
  constructor (path: string) {
    this.#path = path
    const owner = ownerOf(path)
    if (owner !== null && owner !== process.pid && isRunning(owner)) throw new AIO_ERR_PID_FILE(path, owner)
    writeFileSync(path, `${process.pid}\n`)
  }

  /** Removes the file unless another process has taken it over. */
  remove (): void {
    if (ownerOf(this.#path) === process.pid) rmSync(this.#path, { force: true })
  }
}

function ownerOf (path: string): number | null {
  try {
    const text = readFileSync(path, 'utf8').trim()
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function isRunning (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is a process.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
