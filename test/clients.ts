/** Clients in processes of their own, which count exactly what becomes of their requests. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** What the websockets of `fixtures/websocket-client.ts` saw. */
export interface WebSocketOutcome {
  opened: number
  echoes: number
  /** Answers that are not what was sent. */
  wrong: number
  /** Handshakes that failed. */
  failed: number
  /** How often each code closed one. */
  closed: Record<string, number>
}

/** Starts a client of `test/fixtures`; call what it returns to stop it and to get its counts. */
export async function startClient<Counts> (
  t: { teardown (fn: () => unknown): void }, name: 'load-client' | 'websocket-client', options: object
): Promise<() => Promise<Counts>> {
  const program = new URL(`fixtures/${name}.ts`, import.meta.url)
  const client = spawn(process.execPath, ['--import=tsx', program.pathname, JSON.stringify(options)],
    { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => client.kill('SIGKILL'))
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return async () => {
    client.stdin.end()
    const outcome = JSON.parse((await lines.next()).value) as Counts
    await once(client, 'close')
    return outcome
  }
}
