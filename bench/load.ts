/** Loads an address with wrk, or with autocannon where there is no wrk, and says what the server spent on it. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import { request } from 'undici'
import type { Sample } from './compare.ts'
import { canRun, pinned, type Processors, type Program } from './program.ts'

/** What is asked for, and how. */
export interface Load {
  readonly path: string
  readonly headers?: Record<string, string>
  /** @default 64 */
  readonly connections?: number
  /** The status of every answer. @default 200 */
  readonly status?: number
  /** wrk counts in whole ones. */
  readonly seconds: number
  /** @default '1' */
  readonly processors?: Processors
}

/** autocannon is slower than what it measures, so that its throughput says nothing. */
export const hasWrk = canRun('wrk', '-v')

/** One round: requests a second, and the server's CPU for each. */
export async function load (server: Program, load: Load): Promise<Sample> {
  const url = `http://127.0.0.1:${server.port}${load.path}`
  const { status = 200, headers = {} } = load
  // fetch() would send Cache-Control of its own with a condition.
  const { statusCode, body } = await request(url, { headers })
  await body.dump()
  if (statusCode !== status) throw new Error(`${url}: ${statusCode} in place of ${status}`)
  const before = server.cpu()
  const { requests, seconds } = hasWrk ? await wrk(url, load, status) : await cannon(url, load)
  return { rate: requests / seconds, cpu: (server.cpu() - before) / requests }
}

async function wrk (url: string, { headers = {}, connections = 64, seconds, processors = '1' }: Load, status: number) {
  const [program = '', ...args] = [
    ...pinned(processors), 'wrk', '-t1', `-c${connections}`, `-d${Math.ceil(seconds)}`,
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]), url
  ]
  const { stdout } = await promisify(execFile)(program, args)
  const [, requests, took] = /(\d+) requests in ([\d.]+)s/.exec(stdout) ?? []
  const wrong = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0)
  if (requests === undefined || /Socket errors/.test(stdout) || (status < 400 && wrong > 0)) {
    throw new Error(`${url}: ${stdout}`)
  }
  return { requests: Number(requests), seconds: Number(took) }
}

async function cannon (url: string, { headers = {}, connections = 64, seconds }: Load) {
  const result = await autocannon({ url, headers, connections, duration: Math.max(1, seconds) })
  if (result.errors > 0) throw new Error(`${url}: ${result.errors} failures`)
  return { requests: result.requests.total, seconds: result.duration }
}
