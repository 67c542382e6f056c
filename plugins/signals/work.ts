/**
 * Work behind the requests' backs, such as jobs: known to the app, so that a shutdown can wait for it.
 *
 * @module
 */

/** A piece of work under way. */
export interface RunningWork {
  readonly name: string
  /** When it began, in milliseconds since the epoch. */
  readonly since: number
}

/** Whoever does such work. */
export interface WorkSource {
  /** What is under way now. */
  running (): Iterable<RunningWork>
  /** Waits for it so many milliseconds at most, then puts an end to it. Nothing begins any more afterwards. */
  close (patience: number): Promise<void>
}

/** Everything of that kind in one app. */
export class BackgroundWork {
  readonly #sources: WorkSource[] = []
  #ended: Promise<unknown[]> | undefined

  add (source: WorkSource): void {
    this.#sources.push(source)
  }

  /** What is under way. */
  get running (): RunningWork[] {
    return this.#sources.flatMap(source => [...source.running()])
  }

  /** Puts an end to it, once; gives the errors. `within` sets a limit to the wait for each source. */
  end (patience: number, within: (close: () => Promise<void>) => Promise<void>): Promise<unknown[]> {
    this.#ended ??= Promise.allSettled(this.#sources.map(source => within(() => source.close(patience))))
      .then(results => results.flatMap(result => result.status === 'rejected' ? [result.reason as unknown] : []))
    return this.#ended
  }
}
