/**
 * A scenario as it is written down, and what happened in it as it is recorded.
 *
 * @module
 */

/** What a hook, a context or a handler does: a word with what follows it, or a block of them. */
export type Action = string | RepeatAction | SpawnAction | CancelAction

/** Does the actions so many times; `null` is for ever. */
export interface RepeatAction {
  readonly repeat: number | null
  readonly does: readonly Action[]
}

/** A task in the background. */
export interface SpawnAction {
  readonly spawn: string
  readonly does: readonly Action[]
  readonly cancelled?: readonly Action[]
}

/** What to do when the actions are cancelled; `swallow` goes on as if nothing had happened. */
export interface CancelAction {
  readonly does: readonly Action[]
  readonly onCancel: readonly Action[]
  readonly swallow?: boolean
}

export interface HookPart {
  readonly hook: 'startup' | 'shutdown' | 'cleanup'
  readonly name: string
  readonly does?: readonly Action[]
}

export interface ContextPart {
  readonly hook: 'cleanup_ctx'
  readonly name: string
  readonly enter?: readonly Action[]
  readonly exit?: readonly Action[]
  readonly style?: 'generator' | 'finally' | 'manager' | 'twice' | 'never'
}

export interface SubappPart {
  readonly subapp: string
  readonly app: AppSpec
}

export interface RoutePart {
  /** The method and the path. */
  readonly route: string
  readonly does?: readonly Action[]
}

export type Part = HookPart | ContextPart | SubappPart | RoutePart

/** An application: its parts in the order they are added. */
export interface AppSpec {
  readonly name: string
  readonly parts: readonly Part[]
}

/** One step of a script; which keys it has depends on `do`. */
export interface Step {
  readonly do: string
  readonly id?: string
  readonly to?: string | null
  readonly kind?: string
  readonly host?: string
  readonly port?: number | string
  readonly path?: string
  readonly make?: string
  readonly version?: string
  readonly text?: string
  readonly count?: number
  readonly code?: number
  readonly ms?: number
  readonly app?: string
  readonly what?: string
  readonly gate?: string
  readonly signal?: string
  readonly value?: unknown
  readonly backlog?: number
  readonly reuse_port?: boolean
  readonly shutdown_timeout?: number
  readonly defaults?: boolean
  readonly mark?: boolean
  readonly background?: boolean
}

/** Options in aiohttp's words; seconds, not milliseconds. */
export type PythonOptions = Readonly<Record<string, unknown>>

/** An event, or a thing that a client saw: with its time when there is a mark. */
export type Entry = string | Readonly<Record<string, unknown>>

/** What each client saw. */
export interface ClientReport {
  readonly id: string
  readonly saw: readonly Entry[]
}

/** What happened in a scenario. */
export interface Outcome {
  readonly events: readonly Entry[]
  readonly client: readonly ClientReport[]
  readonly exit?: { readonly code: number | null, readonly at?: string }
  readonly stdout?: readonly string[]
}

/** A scenario; with what was recorded, where it was. */
export interface Scenario extends Partial<Outcome> {
  readonly name: string
  readonly group?: string
  readonly what?: string
  readonly app?: AppSpec
  readonly runner?: PythonOptions
  readonly server?: string
  readonly script: readonly Step[]
  readonly run_app?: PythonOptions
  readonly cli?: readonly (string | number)[]
  readonly factory?: string
  readonly after?: boolean
  readonly readyAt?: string
  /** Another outcome that is as right. */
  readonly also?: Partial<Outcome>
}

/** The outcome of a named scenario, as `--out` has it. */
export interface Result extends Outcome {
  readonly name: string
  /** Why it could not be played. */
  readonly failure?: string
}

/** The app of a scenario that has none. */
export const emptyApp: AppSpec = { name: 'root', parts: [] }

/** Whether the scenario runs in a process of its own. */
export function isProcess ({ run_app: runApp, cli }: Scenario): boolean {
  return runApp !== undefined || cli !== undefined
}
