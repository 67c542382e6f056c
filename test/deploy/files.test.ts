/** The numbers in the files of deploy/ agree with each other, and with the phases of a shutdown. */

import { readFileSync, readdirSync } from 'node:fs'
import { parseINI, parseYAML } from 'confbox'
import t from 'tap'
import { resolveCheck } from '../../plugins/health/options.ts'
import { resolveRunnerOptions } from '../../plugins/runner/options.ts'
import { build } from '../helper.ts'

const read = (file: string) => readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8')
const yaml = <Manifest = unknown>(file: string) => parseYAML<Manifest>(read(`kubernetes/${file}`))

const { shutdownDelay, shutdownTimeout, cancelTimeout, cleanupTimeout } = resolveRunnerOptions('the test', {})
/** When the process is killed at the latest, as runApp() has it, in seconds. */
const hardDeadline = (shutdownDelay + shutdownTimeout + cancelTimeout + cleanupTimeout + 3000) / 1000

/** A number that stands behind some text. */
function numberBehind (text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? NaN)
}

t.test('supervisor and systemd wait longer than a shutdown may take', async t => {
  const { 'program:app': program } = parseINI<Record<string, Record<string, string>>>(read('supervisord.conf'))
  t.ok(Number(program?.stopwaitsecs) > hardDeadline, `${program?.stopwaitsecs} s`)
  t.equal(program?.stopsignal, 'TERM')
  const { Service: service } = parseINI<Record<string, Record<string, string>>>(read('systemd/app.service'))
  t.ok(Number(service?.TimeoutStopSec) > hardDeadline, `${service?.TimeoutStopSec} s`)
})

t.test('supervisor starts what nginx asks', async t => {
  const { 'program:app': program } = parseINI<Record<string, Record<string, string>>>(read('supervisord.conf'))
  const [, pattern = ''] = /--path=(\S+)/.exec(program?.command ?? '') ?? []
  const started = Array.from({ length: Number(program?.numprocs) },
    (_, index) => pattern.replace('%(process_num)s', String(index + Number(program?.numprocs_start))))
  const asked = Array.from(read('nginx.conf').matchAll(/server unix:(\S+)/g), ([, path]) => path)

  t.same([...started, ...started], asked, 'with kept connections, and without')
  t.match(read('nginx.conf'), `user ${program?.user};`)
})

t.test('nginx closes idle connections before the app does, and repeats no POST', async t => {
  const nginx = read('nginx.conf')
  const app = build(t)
  await app.ready()

  const keepAlive = numberBehind(nginx, /keepalive_timeout (\d+)s/)
  t.ok(keepAlive * 1000 < app.server.keepAliveTimeout, `${keepAlive} s`)
  const example = readFileSync(new URL('../../examples/deployment.ts', import.meta.url), 'utf8')
  const heartbeat = numberBehind(example.replaceAll('_', ''), /heartbeat: (\d+)/)
  t.ok(numberBehind(nginx, /proxy_read_timeout (\d+)s/) * 1000 > 2 * heartbeat)
  t.notMatch(nginx.replace(/#.*/g, ''), 'non_idempotent')
  t.match(nginx, 'proxy_next_upstream error timeout')
})

t.test('systemd hands its socket to the service', async t => {
  t.match(parseINI(read('systemd/app.service')), { Unit: { Requires: 'app.socket' } })
  const { Socket: socket } = parseINI<Record<string, Record<string, string>>>(read('systemd/app.socket'))
  t.match(socket?.ListenStream, /^\//)
  t.match(read('nginx.conf'), `user ${socket?.SocketUser};`)
})

interface Probe { httpGet: { path: string }, periodSeconds: number, timeoutSeconds: number, failureThreshold: number }
interface Container {
  env: { name: string, value: string }[]
  lifecycle: { preStop: { sleep: { seconds: number } } }
  readinessProbe: Probe
  livenessProbe: Probe
  startupProbe: Probe
}

interface Deployment {
  replicas: number
  template: { spec: { terminationGracePeriodSeconds: number, containers: Container[] }, metadata: { labels: object } }
}
interface Budget { minAvailable: number, selector: object }

t.test('Kubernetes gives the phases the time they need', async t => {
  const { spec } = yaml<{ spec: Deployment }>('deployment.yaml')
  const { template, replicas } = spec
  const [container] = template.spec.containers
  if (container === undefined) throw new Error('there is no container')
  const { env, lifecycle, readinessProbe, livenessProbe, startupProbe } = container
  const granted = Number(env.find(({ name }) => name === 'TERMINATION_GRACE_SECONDS')?.value)
  const pause = lifecycle.preStop.sleep.seconds

  t.equal(granted + pause, template.spec.terminationGracePeriodSeconds)
  t.ok(pause > readinessProbe.periodSeconds * readinessProbe.failureThreshold + readinessProbe.timeoutSeconds,
    'whoever asks for readiness has heard of the end before the listeners close')
  const check = resolveCheck('a check', () => true, {})
  t.ok(check.timeout < readinessProbe.timeoutSeconds * 1000, 'a check that hangs is an answer, not a probe without one')
  t.same([readinessProbe, livenessProbe, startupProbe].map(({ httpGet }) => httpGet.path), ['/readyz', '/livez', '/livez'])

  const { minAvailable, selector } = yaml<{ spec: Budget }>('pod-disruption-budget.yaml').spec
  t.ok(minAvailable < replicas, 'a node can be emptied')
  t.match(spec, { strategy: { rollingUpdate: { maxUnavailable: 0 } }, selector })
  t.match(template.metadata.labels, yaml<{ spec: { selector: object } }>('service.yaml').spec.selector)
})

t.test('Docker starts node itself, as somebody without rights, and asks whether it lives', async t => {
  const dockerfile = read('Dockerfile')
  t.match(dockerfile, /^CMD \["node", /m)
  t.match(dockerfile, /^STOPSIGNAL SIGTERM$/m)
  t.match(dockerfile, /^USER node$/m)
  t.ok(dockerfile.indexOf('USER node') < dockerfile.indexOf('CMD'))
  // What docker stop waits when nothing else is said.
  t.equal(numberBehind(dockerfile, /TERMINATION_GRACE_SECONDS=(\d+)$/m), 10)
  const port = numberBehind(dockerfile, /"--port", "(\d+)"/)
  t.equal(numberBehind(dockerfile, /127\.0\.0\.1:(\d+)\/livez/), port)
  t.match(read('kubernetes/deployment.yaml'), `containerPort: ${port}`)
})

t.test('every manifest is YAML with a kind', async t => {
  for (const file of readdirSync(new URL('../../deploy/kubernetes', import.meta.url))) {
    t.match(yaml(file), { kind: String, metadata: { name: String } }, file)
  }
})
