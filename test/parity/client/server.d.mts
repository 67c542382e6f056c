/** The scripted server: what the interpreter uses of it. */

export interface LoggedRequest extends Record<string, unknown> {
  readonly listener: string
  readonly conn: number
  readonly headers: [name: string, value: string][]
}

export interface LoggedConnection extends Record<string, unknown> {
  readonly id: number
}

export interface ServerLog {
  readonly requests: readonly (LoggedRequest | { readonly server_error: string })[]
  readonly connections: readonly LoggedConnection[]
  readonly max_active: number
}

export interface ScriptedServer {
  readonly values: Readonly<Record<string, string>>
  readonly ca: string
  readonly caExpired: string
  configure (spec: object): void
  log (): Promise<ServerLog>
  state (): Record<string, unknown>
  close (): Promise<void>
}

export function startServer (): Promise<ScriptedServer>
