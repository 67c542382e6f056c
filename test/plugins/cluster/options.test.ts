/** What a master refuses, and how it waits. */

import Fastify from 'fastify'
import t from 'tap'
import { BackOff } from '../../../plugins/cluster/back-off.ts'
import { ClusterMaster, runCluster, runWorker } from '../../../plugins/cluster/index.ts'

t.test('wrong options and a wrong order are coded errors', async t => {
  // @ts-expect-error
  t.throws(() => new ClusterMaster({ worker: 2 }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  t.throws(() => new ClusterMaster({ workers: 0 }), { code: 'AIO_ERR_OPTION_INVALID' })
  // @ts-expect-error
  await t.rejects(runCluster(Fastify()), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  // @ts-expect-error
  await t.rejects(runCluster(() => Fastify(), { handleSignals: false }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  await t.rejects(runWorker(() => Fastify()), { code: 'AIO_ERR_CLUSTER_NOT_WORKER' })

  const master = new ClusterMaster({ log () {} })
  await t.rejects(master.reload(), { code: 'AIO_ERR_CLUSTER_NOT_RUNNING' })
  t.throws(() => master.scale(1), { code: 'AIO_ERR_CLUSTER_NOT_RUNNING' })
  t.match(master.inspect(), { phase: 'new', workers: [] })
  await master.stop()
  t.equal(master.phase, 'stopped')
})

t.test('what fails in preload ends the start', async t => {
  const master = new ClusterMaster({ log () {}, preload () { throw new Error('cannot load') } })

  await t.rejects(master.start(), { message: 'cannot load' })
  t.equal(master.phase, 'stopped')
})

t.test('the wait doubles with every worker that did not live long, up to half a minute', async t => {
  const backOff = new BackOff(1000)
  const waits = Array.from({ length: 12 }, () => {
    backOff.note(10)
    return backOff.wait
  })

  t.same(waits, [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
  backOff.note(1000)
  t.equal(backOff.wait, 0)
})
