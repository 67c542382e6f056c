/** What was measured where: versions and the machine. */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, cpus, platform, totalmem } from 'node:os'
import { hasWrk } from './load.ts'
import { aiohttpVersion, nginx } from './peers.ts'

const packages = ['fastify', '@fastify/static', 'ws', 'undici', 'got', 'axios']

/** Versions and the machine, in one sentence. */
export function environment (): string {
  const versions = packages.map(name => `${name} ${versionOf(name)}`)
  const [processor] = cpus()
  const gibibytes = Math.round(totalmem() / 1024 ** 3)
  return [
    `Node ${process.versions.node}`, ...versions, `aiohttp ${aiohttpVersion() ?? '(none)'}`,
    `nginx ${nginx === undefined ? '(none)' : nginxVersion(nginx)}`, `loaded by ${hasWrk ? 'wrk' : 'autocannon'}`,
    `${platform()} ${arch()}, ${cpus().length} × ${processor?.model.trim() ?? 'unknown'}, ${gibibytes} GiB`
  ].join(', ')
}

/** Not every package exports its package.json. */
function versionOf (name: string): string {
  return String(JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version)
}

function nginxVersion (program: string): string {
  return /nginx\/(\S+)/.exec(spawnSync(program, ['-v'], { encoding: 'utf8' }).stderr)?.[1] ?? '?'
}
