/**
 * Performs one case against the scripted server and gives what came of it, in the form it was recorded.
 *
 * @module
 */

import type { Case, Spec } from './case.ts'
import { Files } from './files.ts'
import { fill, normaliser } from './placeholders.ts'
import { tidySeen } from './seen.ts'
import type { ScriptedServer } from './server.mjs'
import { Performance } from './steps.ts'

/** Milliseconds a case may take. */
const limit = 25_000

/** What a case gave. */
export interface Outcome {
  readonly seen: readonly Spec[]
  readonly events: readonly (readonly unknown[])[]
  readonly maxActive: number
  readonly results: readonly unknown[]
}

/** @throws when the case has something unknown, or takes too long */
export async function runCase (spec: Case, server: ScriptedServer): Promise<Outcome> {
  const files = new Files()
  const restore = setEnvironment(spec.env ?? {}, server, files)
  try {
    server.configure(spec.server ?? {})
    for (const [name, content] of Object.entries(spec.files ?? {})) {
      files.write(name, fill(content, server.values, files))
    }
    const performance = new Performance(fill(spec.call, server.values, files), server, files)
    const results = await withLimit(async () => {
      try {
        return await performance.results()
      } finally {
        await performance.close()
      }
    })
    const log = await server.log()
    const normalise = normaliser(server.values, files)
    return {
      seen: normalise(tidySeen(spec, log)) as Spec[],
      events: normalise(performance.events) as unknown[][],
      maxActive: log.max_active,
      results: normalise(results) as unknown[]
    }
  } finally {
    restore()
    files.close()
  }
}

async function withLimit<Result> (action: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`The case took longer than ${limit} ms`)), limit)
  })
  try {
    return await Promise.race([action(), tooLong])
  } finally {
    clearTimeout(timer)
  }
}

/** Proxies and credentials of the machine must not take part. */
function setEnvironment (wanted: Readonly<Record<string, string>>, server: ScriptedServer, files: Files): () => void {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) {
    if (/_proxy$/i.test(name) || name === 'NETRC') delete process.env[name]
  }
  Object.assign(process.env, { HOME: files.folder }, fill(wanted, server.values, files))
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  }
}
