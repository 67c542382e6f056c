/**
 * Background jobs that belong to the app: limited in number, visible, and ended with it (aiojobs).
 *
 * Jobs may outlive the request that spawned them. When the app stops, the shutdown waits for them as it waits for
 * requests, then aborts what is left before anything they use is closed.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import type {} from '../signals/index.ts'
import { Scheduler, type SchedulerOptions } from './scheduler.ts'

export { Job, type JobFunction, type JobTimeout } from './job.ts'
export { Scheduler, type JobFailure, type JobOptions, type SchedulerOptions } from './scheduler.ts'

/** Options of the jobs plugin: those of its scheduler. */
export type JobsOptions = SchedulerOptions

/** A handler as Fastify calls it. */
type Handler = (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) => unknown

declare module 'fastify' {
  interface FastifyInstance {
    /** The app's scheduler: `await app.jobs.spawn(async signal => { … })`. */
    readonly jobs: Scheduler
    /**
     * Makes a handler a job: the shutdown waits for its end, also when its client has gone (aiojobs: `atomic`).
     *
     * @throws AIO_ERR_ARGUMENT_INVALID unless it is a function
     */
    atomic<H extends Handler> (handler: H): H
  }
}

export default fp<JobsOptions>(async function jobs (app, options) {
  const scheduler = new Scheduler({
    exceptionHandler: ({ message, job, error }) => app.log.error({ err: error, job: job.name }, message),
    ...options
  })
  app.decorate('jobs', scheduler)
  app.decorate('atomic', handler => atomic(scheduler, handler))
  app.signals.addWork({
    running: () => scheduler,
    close: patience => scheduler.waitAndClose({ timeout: Math.min(patience, scheduler.waitTimeout) })
  })
}, {
  name: 'jobs',
  fastify: '5.x',
  dependencies: ['signals']
})

/** The handler as a job of its own: its answer is the handler's, its life is not the connection's. */
function atomic<H extends Handler> (scheduler: Scheduler, handler: H): H {
  if (typeof handler !== 'function') {
    throw new AIO_ERR_ARGUMENT_INVALID('handler', 'app.atomic()', 'a function', describe(handler))
  }
  return async function (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
    const name = handler.name || `${request.method} ${request.routeOptions.url ?? 'handler'}`
    const job = await scheduler.spawn(() => handler.call(this, request, reply), { name })
    return await job.wait()
  } as H
}
