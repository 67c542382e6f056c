/**
 * Waiting that a signal can end.
 *
 * @module
 */

/** The same promise, unless the signal aborts before; then its reason is thrown. */
export async function abortable<T> (promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  return await new Promise<T>((resolve, reject) => {
    const onAbort = () => { reject(reasonOf(signal)) }
    signal.addEventListener('abort', onAbort)
    promise.then(resolve, reject).finally(() => { signal.removeEventListener('abort', onAbort) })
  })
}

/** Why a signal was aborted. */
export function reasonOf (signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new DOMException('The operation was aborted', 'AbortError')
}
