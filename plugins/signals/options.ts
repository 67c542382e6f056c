/**
 * Options of the calls that begin the end of an app.
 *
 * @module
 */

/** Options of `app.onShutdown()`. */
export interface ShutdownOptions {
  /**
   * Runs after all receivers that did not ask for this.
   *
   * @default false
   */
  last?: boolean | undefined

  /**
   * Whether its time being over counts as no failure: for who waits for others, such as peers that may never answer.
   *
   * @default false
   */
  mayBeLeft?: boolean | undefined
}

/** Options of `signals.cleanup()`. */
export interface CleanupOptions {
  /**
   * How long background work may still go on before it is ended, in milliseconds. 0 for those who have
   * waited for it before, as the runner does.
   *
   * @default nine tenths of `hookTimeout`
   */
  patience?: number | undefined
}
