/**
 * Tells of sessions that were forgotten: collected as garbage without having been closed.
 *
 * @module
 */

/** Called by the garbage collector, some time after nobody could use the session any more. */
const forgotten = new FinalizationRegistry<string | undefined>(madeAt => {
  process.emitWarning('Unclosed client session', {
    type: 'ResourceWarning',
    code: 'AIO_WARN_CLIENT_UNCLOSED',
    detail: madeAt === undefined ? 'Call its close(), or declare it with "await using".' : `It was made here:\n${madeAt}`
  })
})

/** Warns when an object is forgotten; except in production it remembers where that was made. */
export function warnUnlessClosed (session: object): void {
  const place: { stack?: string } = {}
  if (process.env.NODE_ENV !== 'production') Error.captureStackTrace(place, session.constructor)
  forgotten.register(session, place.stack?.split('\n').slice(1).join('\n'), session)
}

/** It was not forgotten. */
export function forget (session: object): void {
  forgotten.unregister(session)
}
