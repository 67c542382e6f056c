/**
 * The receivers of one app, in their order; a sub-application takes one place among those of its parent.
 *
 * @module
 */

import type { CleanupContext, Leave } from './contexts.ts'

/** A receiver of a signal; what it returns is awaited and then ignored. */
export type Receiver<App> = (app: App) => unknown

/** A receiver, with the app it was added to. */
export interface Entry<App> {
  readonly app: App
  readonly name: string
  readonly receiver: Receiver<App>
  /** Whether it may be left to itself without having failed. */
  readonly mayBeLeft?: boolean
}

/** The lists of an app. */
export class Branch<App> {
  readonly contexts: { app: App, name: string, context: CleanupContext<App> }[] = []
  readonly startup: (Entry<App> | Branch<App>)[] = []
  readonly shutdown: (Entry<App> | Branch<App>)[] = []
  readonly cleanup: (Entry<App> | Branch<App>)[] = []
  /** Contexts to leave, the newest last. */
  readonly entered: { name: string, leave: Leave }[] = []
  /** Whether all contexts have been entered. */
  sealed = false

  /** A branch at the place the lists have reached. */
  grow (): Branch<App> {
    const branch = new Branch<App>()
    for (const list of [this.startup, this.shutdown, this.cleanup]) list.push(branch)
    return branch
  }
}

/** The onShutdown receivers of an app and its sub-applications, in their order. */
export function flatten<App> ({ shutdown }: Branch<App>): Entry<App>[] {
  return shutdown.flatMap(item => item instanceof Branch ? flatten(item) : [item])
}
