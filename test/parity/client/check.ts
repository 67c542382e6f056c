/**
 * One case from beginning to end: performed, compared, differences of ours put in.
 *
 * @module
 */

import zlib from 'node:zlib'
import type { Case } from './case.ts'
import { compareCase } from './compare.ts'
import { changed } from './differences.ts'
import { runCase } from './run.ts'
import type { ScriptedServer } from './server.mjs'

/** Why a case is not performed here; nothing when it is. */
export function skipReason ({ port, requires }: Case): string | undefined {
  if (port === 'python-only') return 'it is about Python only'
  if (requires !== 'zstd') return undefined
  return 'createZstdDecompress' in zlib ? undefined : 'this Node has no zstd'
}

/** What differs, one line each; `recorded` leaves the named differences out. */
export async function check (spec: Case, server: ScriptedServer, { recorded = false } = {}): Promise<string[]> {
  try {
    return compareCase(recorded ? spec : changed(spec), await runCase(spec, server))
  } catch (error) {
    return [`it could not be performed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`]
  }
}
