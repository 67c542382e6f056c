/**
 * The program of a child process in one file: translating some hundred modules for each of them takes longer than
 * most scenarios.
 *
 * @module
 */

import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// Below the packages that it imports.
const folder = fileURLToPath(new URL('../../../node_modules/.cache/lifecycle/', import.meta.url))

/** A program that disposes of its file. */
export interface ChildBundle extends AsyncDisposable {
  readonly path: string
}

/** Writes `child.ts` with all that it imports. */
export async function bundleChild (): Promise<ChildBundle> {
  const file = path.join(folder, `${process.pid}.mjs`)
  await mkdir(folder, { recursive: true })
  await build({
    entryPoints: [fileURLToPath(new URL('child.ts', import.meta.url))],
    outfile: file,
    bundle: true,
    format: 'esm',
    packages: 'external',
    platform: 'node',
    sourcemap: 'inline',
    target: 'node20'
  })
  return { path: file, [Symbol.asyncDispose]: () => rm(file, { force: true }) }
}
