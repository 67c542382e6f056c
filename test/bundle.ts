/**
 * Programs that tests start, each in one file that Node runs as it is: translating some hundred modules anew for every
 * process takes longer than most tests.
 *
 * @module
 */

import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Test } from 'tap'

// Below the packages that the programs import.
const folder = fileURLToPath(new URL('../node_modules/.cache/fastify-aiohttp/', import.meta.url))

/** A file that its owner disposes of. */
export interface Bundle extends AsyncDisposable {
  readonly path: string
}

/** Writes a program with all that it imports of ours. */
export async function bundle (entry: URL): Promise<Bundle> {
  const file = path.join(folder, `${path.basename(entry.pathname, '.ts')}-${process.pid}.mjs`)
  await mkdir(folder, { recursive: true })
  await build({
    entryPoints: [fileURLToPath(entry)],
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

/** The path of a program of `fixtures/`, which is there until the test ends. */
export async function bundleFixture (t: Test, name: string): Promise<string> {
  const program = await bundle(new URL(`fixtures/${name}`, import.meta.url))
  t.teardown(() => program[Symbol.asyncDispose]())
  return program.path
}
