import { setImmediate as nextTurn } from 'node:timers/promises'
import { once } from 'node:events'
import t from 'tap'
import { Scheduler, type JobFailure, type SchedulerOptions } from '../../../plugins/jobs/index.ts'

/** A job that ends when it is told to, and says how far it is. */
function gate () {
  let open = () => {}
  const opened = new Promise<string>(resolve => { open = () => resolve('done') })
  return { open: () => open(), work: () => opened }
}

/** A job that does what its signal says. */
async function obedient (signal: AbortSignal): Promise<void> {
  await once(signal, 'abort')
  signal.throwIfAborted()
}

function failuresOf (options: SchedulerOptions = {}) {
  const failures: JobFailure[] = []
  const scheduler = new Scheduler({ ...options, exceptionHandler: failure => failures.push(failure) })
  return { scheduler, failures }
}

t.test('a job runs in the background, and wait() gives what it returns', async t => {
  const scheduler = new Scheduler()
  const { open, work } = gate()
  const job = await scheduler.spawn(work, { name: 'mail' })

  t.same([job.name, job.active, job.pending, job.closed], ['mail', true, false, false])
  t.same([scheduler.size, scheduler.activeCount, scheduler.has(job), [...scheduler]], [1, 1, true, [job]])
  open()
  t.equal(await job.wait(), 'done')
  t.same([job.closed, scheduler.size], [true, 0])
  await scheduler.close()
})

t.test('above the limit jobs wait for their turn, in order', async t => {
  const scheduler = new Scheduler({ limit: 2 })
  const gates = [gate(), gate(), gate(), gate()]
  const jobs = []
  for (const { work } of gates) jobs.push(await scheduler.spawn(work))

  t.same(jobs.map(job => job.pending), [false, false, true, true])
  t.same([scheduler.activeCount, scheduler.pendingCount], [2, 2])
  gates[1]?.open()
  await jobs[1]?.wait()
  t.same(jobs.map(job => job.active), [true, false, true, false])
  for (const { open } of gates) open()
  await scheduler.waitAndClose()
  t.equal(scheduler.size, 0)
})

t.test('above the pending limit spawn() itself waits', async t => {
  const scheduler = new Scheduler({ limit: 1, pendingLimit: 1 })
  const [first, second, third] = [gate(), gate(), gate()]
  const running = await scheduler.spawn(first.work)
  await scheduler.spawn(second.work)
  let spawned = false
  const late = scheduler.spawn(third.work).then(job => { spawned = true; return job })
  await nextTurn()
  t.equal(spawned, false)

  first.open()
  await running.wait()
  t.equal((await late).pending, true)
  second.open()
  third.open()
  await scheduler.waitAndClose()
})

t.test('close() ends spawn() calls that wait, jobs that wait, and takes no more', async t => {
  const { scheduler, failures } = failuresOf({ limit: 1, pendingLimit: 1 })
  const running = await scheduler.spawn(obedient)
  let begun = false
  const pending = await scheduler.spawn(() => { begun = true })
  const waiting = scheduler.spawn(() => {}, { name: 'third' })
  const unborn = t.rejects(pending.wait(), { code: 'AIO_ERR_JOB_CLOSED' })
  const refused = t.rejects(waiting, { code: 'AIO_ERR_SCHEDULER_CLOSED', message: /"third"/ })

  await scheduler.close()

  await unborn
  await refused
  t.same([begun, running.closed, scheduler.closed, scheduler.size], [false, true, true, 0])
  t.same(failures, [], 'ending as told is no failure')
  await t.rejects(scheduler.spawn(() => {}), { code: 'AIO_ERR_SCHEDULER_CLOSED' })
})

t.test('an error nobody waits for goes to the exception handler, once', async t => {
  const { scheduler, failures } = failuresOf()
  const job = await scheduler.spawn(() => { throw new Error('no mail today') }, { name: 'mail' })
  await job.ended
  await nextTurn()

  t.same(failures.map(({ message, job }) => [message, job.name]), [['Job processing failed', 'mail']])
  t.match(failures[0]?.error, { message: 'no mail today' })
  const waited = await scheduler.spawn(async () => { await nextTurn(); throw new Error('seen') })
  await t.rejects(waited.wait(), { message: 'seen' })
  t.equal(failures.length, 1, 'who waits gets the error instead')
  await scheduler.close()
})

t.test('a job that ignores its signal is reported and left to itself', async t => {
  const { scheduler, failures } = failuresOf({ closeTimeout: 5 })
  const { open, work } = gate()
  await scheduler.spawn(work, { name: 'deaf' })

  await scheduler.close()

  t.same(failures.map(({ message, job }) => [message, job.name]), [['Job closing timed out', 'deaf']])
  t.match(failures[0]?.error, { code: 'AIO_ERR_JOB_TIMEOUT' })
  open()
})

t.test('wait() with a timeout closes the job that takes longer', async t => {
  const scheduler = new Scheduler()
  const job = await scheduler.spawn(obedient, { name: 'slow' })

  await t.rejects(job.wait({ timeout: 5 }), { code: 'AIO_ERR_JOB_TIMEOUT', message: /"slow" did not end within 5 ms/ })
  await job.ended
  t.equal(job.closed, true)
  await scheduler.close()
})

t.test('waitAndClose() waits for jobs, what they spawn, and shields', async t => {
  const scheduler = new Scheduler()
  const seen: string[] = []
  const { open, work } = gate()
  scheduler.shield(work().then(() => seen.push('shield')))
  await scheduler.spawn(async () => {
    await nextTurn()
    await scheduler.spawn(async () => { await nextTurn(); seen.push('child') })
    open()
  })

  await scheduler.waitAndClose()

  t.same(seen.sort(), ['child', 'shield'])
})

t.test('waitAndClose() aborts what is not over in time', async t => {
  const { scheduler, failures } = failuresOf()
  const job = await scheduler.spawn(obedient)
  await scheduler.waitAndClose({ timeout: 5 })
  t.same([job.closed, failures], [true, []])
})

t.test('ten thousand jobs with a limit of 100 all run', async t => {
  const scheduler = new Scheduler({ pendingLimit: 500 })
  let most = 0
  let ran = 0
  for (let index = 0; index < 10_000; index++) {
    await scheduler.spawn(async () => {
      most = Math.max(most, scheduler.activeCount)
      await nextTurn()
      ran++
    })
  }
  await scheduler.waitAndClose()
  t.same([most, ran], [100, 10_000])
})

t.test('what is no function, and options that do not exist, are errors', async t => {
  const scheduler = new Scheduler()
  await t.rejects(scheduler.spawn('mail' as never), { code: 'AIO_ERR_ARGUMENT_INVALID', message: /a function/ })
  await t.rejects(scheduler.spawn(() => {}, { title: 'x' } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  for (const options of [{ limit: -1 }, { closeTimeout: '1s' }, { pendingLimit: 1.5 }, { exceptionHandler: true }]) {
    t.throws(() => new Scheduler(options as never), { code: 'AIO_ERR_OPTION_INVALID' }, JSON.stringify(options))
  }
  t.throws(() => new Scheduler({ max: 1 } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})

t.test('a handler that fails itself ends nothing', async t => {
  const written = t.capture(console, 'error', () => {})
  const scheduler = new Scheduler({ exceptionHandler: () => { throw new Error('the handler, too') } })
  const job = await scheduler.spawn(() => { throw new Error('the job') })
  await job.ended
  await nextTurn()
  t.equal(written().length, 1)
  t.equal(await (await scheduler.spawn(() => 'still here')).wait(), 'still here')
  await scheduler.close()
})
