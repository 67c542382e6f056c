/**
 * Starts the twin for real clients, and the clients.
 *
 * @module
 */

import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { shortFolder } from '../../helper.ts'

/** A running twin. */
export interface Twin {
  readonly port: number
  /** `http://127.0.0.1:PORT` */
  readonly base: string
  /** The path of its Unix socket. */
  readonly socket: string
  /** The folder it serves, and that uploads go to. */
  readonly root: string
  /** Asks it to stop; gives its exit code. */
  stop (): Promise<number | null>
}

/** Starts clients-server.ts as a process of its own; it is stopped when the test ends, if not before. */
export async function startTwin (t: Test): Promise<Twin> {
  const folder = shortFolder(t)
  const root = path.join(folder, 'root')
  const socket = path.join(folder, 's')
  execFileSync(process.execPath, [besides('prepare.mjs'), root])
  const child = spawn(process.execPath,
    ['--import=tsx', besides('clients-server.ts'), `--root=${root}`, `--socket=${socket}`],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, TMPDIR: folder } })
  async function stop () {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
    return child.exitCode
  }
  t.teardown(stop)
  let output = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    output += chunk
    const port = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1]
    if (port !== undefined) return { port: Number(port), base: `http://127.0.0.1:${port}`, socket, root, stop }
  }
  throw new Error(`The twin ended without listening: ${output}`)
}

/** The first of these programs that runs with the arguments, or undefined. */
export function program (names: string[], ...args: string[]): string | undefined {
  return names.find(name => spawnSync(name, args, { stdio: 'ignore' }).status === 0)
}

/** What a program prints; rejects with what it complains about when it fails. */
export async function run (name: string, ...args: string[]): Promise<{ stdout: string, stderr: string }> {
  return await promisify(execFile)(name, args, { maxBuffer: 1 << 24, timeout: 30_000 })
}

function besides (file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
