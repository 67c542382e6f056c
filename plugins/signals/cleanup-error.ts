/**
 * Several errors as one.
 *
 * @module
 */

/** Several receivers failed; `errors` has what they threw, in order (aiohttp: CleanupError). */
export class CleanupError extends AggregateError {
  override name = 'CleanupError'
}

/** One error as it is, several as one that holds them all, in order. */
export function combine (errors: readonly unknown[], what: string): unknown {
  return errors.length === 1 ? errors[0] : new CleanupError(errors, `${what}: ${errors.length} errors`)
}

/** Throws the errors, if there are any. */
export function throwAll (errors: readonly unknown[], what: string): void {
  if (errors.length > 0) throw combine(errors, what)
}
