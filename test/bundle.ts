/**
 * Programs that tests start, each in one file that Node runs as it is: translating some hundred modules anew for every
 * process takes longer than most tests.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Test } from 'tap'

// Below the packages that the programs import.
const folder = fileURLToPath(new URL('../node_modules/.cache/fastify-aiohttp/', import.meta.url))

/** Programs that their owner disposes of. */
export interface Bundle extends AsyncDisposable {
  /** Where they are, in the order they were asked for. */
  readonly paths: readonly string[]
}

/** Writes programs with all that they import of ours; what several of them import is there once. */
export async function bundle (...entries: URL[]): Promise<Bundle> {
  const outdir = path.join(folder, randomUUID())
  await build({
    entryPoints: entries.map(entry => fileURLToPath(entry)),
    outdir,
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    packages: 'external',
    platform: 'node',
    sourcemap: 'inline',
    target: 'node20'
  })
  return {
    paths: entries.map(({ pathname }) => path.join(outdir, `${path.basename(pathname, '.ts')}.mjs`)),
    [Symbol.asyncDispose]: () => rm(outdir, { recursive: true, force: true })
  }
}

/** The paths of programs, which are there until the test ends. */
export async function bundleFor (t: Test, ...entries: URL[]): Promise<readonly string[]> {
  const programs = await bundle(...entries)
  t.teardown(() => programs[Symbol.asyncDispose]())
  return programs.paths
}

/** The path of a program of `fixtures/`, which is there until the test ends. */
export async function bundleFixture (t: Test, name: string): Promise<string> {
  const [program = ''] = await bundleFor(t, new URL(`fixtures/${name}`, import.meta.url))
  return program
}
