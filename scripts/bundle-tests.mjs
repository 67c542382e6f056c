/**
 * Translates test files, and all that they import of ours, once for all of their processes: with a loader in each of
 * them half of the time of a run was the loading of modules.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/**
 * Writes programs for test files.
 *
 * @param root the folder of the package
 * @param files the test files, as paths from there
 * @param folder where to write, as a path from there
 * @returns the arguments of node for each of the files
 */
export async function bundleTests (root, files, folder) {
  const bundled = files.filter(file => !loadsTypeScript(readFileSync(path.join(root, file), 'utf8')))
  await build({
    absWorkingDir: root,
    bundle: true,
    chunkNames: 'chunks/[hash]',
    entryPoints: bundled,
    format: 'esm',
    keepNames: true,
    logLevel: 'warning',
    outbase: 'test',
    outdir: folder,
    packages: 'external',
    platform: 'node',
    plugins: [{ name: 'places', setup: keepPlaces }],
    sourcemap: true,
    splitting: true,
    target: 'node20'
  })
  const program = file => path.join(folder, path.relative('test', file).replace(/\.ts$/, '.js'))
  return new Map(files.map(file => [
    file, bundled.includes(file) ? ['--enable-source-maps', program(file)] : ['--import=tsx', file]
  ]))
}

/** A test that loads TypeScript while it runs says so, and is left as it is: what it loads is to share its modules. */
function loadsTypeScript (source) {
  return source.includes("\nimport 'tsx'\n")
}

/** Every module finds its files where its source is. */
function keepPlaces ({ onLoad }) {
  onLoad({ filter: /\.(ts|mjs)$/ }, ({ path: file }) => {
    const places = { url: pathToFileURL(file).href, dirname: path.dirname(file), filename: file }
    const source = readFileSync(file, 'utf8')
    const contents = source.replaceAll(/\bimport\.meta\.(url|dirname|filename)\b/g, (_, key) => JSON.stringify(places[key]))
    return { contents, loader: file.endsWith('.ts') ? 'ts' : 'js' }
  })
}
