/** Files of all sizes, next to @fastify/static and to nginx with one worker. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alternate, compare, skipped, type Entry, type Goal, type Row, type Sample } from '../compare.ts'
import { load, type Load } from '../load.ts'
import { nginx, startNginx } from '../peers.ts'
import { Program } from '../program.ts'

interface Case extends Omit<Load, 'seconds'> {
  readonly what: string
  /** Megabytes a second in place of requests: bytes of one answer. */
  readonly bytes?: number
  /** At least so many times @fastify/static. */
  readonly plugin: number
  readonly nginx: Goal
}

const large = { path: '/static/large.bin', connections: 16, plugin: 4.5, nginx: { least: 0.9 } }
const cases: readonly Case[] = [
  { what: 'static 1 KiB', path: '/static/small.txt', plugin: 5, nginx: { least: 0.45 } },
  { what: 'static 100 KiB', path: '/static/medium.txt', plugin: 8, nginx: { least: 0.45 } },
  { what: 'static 304', path: '/static/medium.txt', status: 304, plugin: 3, nginx: { least: 0.45 } },
  { ...large, what: 'static 10 MiB', bytes: 10 * 1024 * 1024 },
  {
    ...large,
    what: 'a range of it, 4 MiB',
    bytes: 4 * 1024 * 1024,
    status: 206,
    headers: { range: 'bytes=1048576-5242879' }
  }
]

/** A new folder with the files, in one that nobody else may read. */
export function createFiles (): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-static-'))
  // nginx's worker may be somebody else.
  const files = join(folder, 'files')
  mkdirSync(files, { mode: 0o755 })
  writeFileSync(join(files, 'small.txt'), 'x'.repeat(1024))
  writeFileSync(join(files, 'medium.txt'), 'x'.repeat(100 * 1024))
  writeFileSync(join(files, 'large.bin'), Buffer.alloc(10 * 1024 * 1024, 'x'))
  return files
}

/** One round; for a 304 each server is asked with the validator that it gave. */
async function measure (server: Program, { bytes, ...one }: Case, seconds: number): Promise<Sample> {
  const headers = one.status === 304 ? await validatorOf(server, one.path) : one.headers
  const { rate, cpu = NaN } = await load(server, { ...one, seconds, ...headers !== undefined && { headers } })
  return { rate: bytes === undefined ? rate : rate * bytes / 1024 / 1024, cpu }
}

async function validatorOf ({ port }: Program, path: string): Promise<Record<string, string>> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  await response.arrayBuffer()
  return { 'if-none-match': response.headers.get('etag') ?? '' }
}

export default {
  name: 'static',
  async run ({ rounds, seconds }) {
    const folder = createFiles()
    const ours = await Program.fork('servers/web.ts', ['static', folder])
    const plugin = await Program.fork('servers/web.ts', ['fastify-static', folder])
    const peer = nginx === undefined ? undefined : await startNginx(nginx, folder)
    const rows: Row[] = []
    for (const one of cases) {
      const ask = (server: Program) => () => measure(server, one, seconds)
      const samples = await alternate({
        ours: ask(ours), plugin: ask(plugin), ...peer !== undefined && { nginx: ask(peer) }
      } as Record<'ours' | 'plugin' | 'nginx', () => Promise<Sample>>, rounds)
      const title = { what: one.what, unit: one.bytes === undefined ? 'requests/s' : 'MiB/s' }
      const nginxTitle = { ...title, against: 'nginx, one worker', goal: one.nginx }
      rows.push(
        compare({ ...title, against: '@fastify/static', goal: { least: one.plugin } }, samples.ours, samples.plugin),
        peer === undefined ? skipped(nginxTitle, 'no nginx') : compare(nginxTitle, samples.ours, samples.nginx)
      )
    }
    for (const server of [ours, plugin, peer]) server?.stop()
    rmSync(folder, { recursive: true })
    return rows
  }
} satisfies Entry
