/**
 * The temporary folder of a case.
 *
 * @module
 */

import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, type ReadStream } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { UnknownInCase, type Spec } from './case.ts'
import { bytesOf } from './values.ts'

/** Files a case reads and writes; gone with `close()`. */
export class Files {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'client-case-'))

  path (name: string): string {
    return path.join(this.folder, name)
  }

  write (name: string, content: unknown): string {
    const file = this.path(name)
    writeFileSync(file, bytesOf(content))
    return file
  }

  /** A file that is open for reading: `{ name, content }`. */
  open (spec: unknown): ReadStream {
    const { name, content } = spec as Spec
    if (typeof name !== 'string') throw new UnknownInCase('file', spec)
    return createReadStream(this.write(name, content))
  }

  json (name: string): unknown {
    return JSON.parse(readFileSync(this.path(name), 'utf8'))
  }

  /** As Python shows permissions: `0o600`. */
  mode (name: string): string {
    return `0o${(statSync(this.path(name)).mode & 0o777).toString(8)}`
  }

  close (): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
