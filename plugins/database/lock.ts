/**
 * A lock: one holder at a time, the others in line, none for longer than it wants to wait.
 *
 * @module
 */

/** Gives the lock back; more than once is as good as once. */
export type Release = () => void

/** Lends itself to one at a time, in the order they asked. */
export class Lock {
  #held = false
  readonly #line: ((release: Release) => void)[] = []

  /** Resolves to what gives it back, or to `null` after `timeout` milliseconds in line. */
  acquire (timeout: number): Promise<Release | null> {
    if (!this.#held) {
      this.#held = true
      return Promise.resolve(this.#lend())
    }
    return new Promise(resolve => {
      const enter = (release: Release) => {
        clearTimeout(timer)
        resolve(release)
      }
      const timer = setTimeout(() => {
        this.#line.splice(this.#line.indexOf(enter), 1)
        resolve(null)
      }, timeout)
      this.#line.push(enter)
    })
  }

  #lend (): Release {
    let released = false
    return () => {
      if (released) return
      released = true
      const next = this.#line.shift()
      if (next === undefined) this.#held = false
      else next(this.#lend())
    }
  }
}
