/**
 * Where an app is in its life, and who wants to know.
 *
 * @module
 */

/**
 * Where an app is in its life. An app only ever moves forward, and may skip phases.
 *
 * - `starting`: until its last onStartup receiver has run
 * - `running`: it serves
 * - `lame`: it still serves everything, but is about to stop: readiness is false from here on
 * - `stopping`: no new request should come; what has no end of its own, such as an event stream, should end
 * - `closed`: its contexts are left, onCleanup has run; or it failed to start
 */
export type AppPhase = 'starting' | 'running' | 'lame' | 'stopping' | 'closed'

/** Is told each phase as it begins. */
export type PhaseListener = (phase: AppPhase) => void

const order: readonly AppPhase[] = ['starting', 'running', 'lame', 'stopping', 'closed']

/** The phase of one app. */
export class LifePhase {
  #current: AppPhase = 'starting'
  readonly #listeners = new Set<PhaseListener>()

  get current (): AppPhase {
    return this.#current
  }

  /** Has `listener` told from now on; call what is returned to end that. */
  listen (listener: PhaseListener): () => void {
    // A function of its own, so that the same listener may be added twice.
    const own: PhaseListener = phase => listener(phase)
    this.#listeners.add(own)
    return () => { this.#listeners.delete(own) }
  }

  /** Moves on to `phase`, or stays when that is behind; gives what listeners threw. */
  enter (phase: AppPhase): unknown[] {
    if (order.indexOf(phase) <= order.indexOf(this.#current)) return []
    this.#current = phase
    const errors: unknown[] = []
    for (const listener of [...this.#listeners]) {
      try {
        listener(phase)
      } catch (error) {
        errors.push(error)
      }
    }
    if (phase === 'closed') this.#listeners.clear()
    return errors
  }
}
