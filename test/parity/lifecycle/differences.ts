/**
 * Where what happens here is not what was recorded: the rule, why, and in which scenarios it shows.
 *
 * `ours.json` has what happens instead, and the replay test holds it. `docs/differences.md` and `ours.json` are
 * written by `write-differences.ts`.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import type { Outcome, Result, Scenario } from './scenario.ts'

/** One rule, with the recorded scenarios it changes. */
export interface Difference {
  /** What it is about, as a heading. */
  readonly title: string
  /** What aiohttp does. */
  readonly aiohttp: string
  /** What we do. */
  readonly here: string
  readonly why: string
  /** Names of scenarios. */
  readonly scenarios: readonly string[]
  /** Whether it is so with this version of Node; always, if it says nothing. */
  readonly applies?: boolean
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const canReusePort = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)

export const differences: readonly Difference[] = [
  {
    title: 'A failed start leaves what it entered, at once',
    aiohttp: '`setup()` leaves nothing; a later `cleanup()` leaves the contexts of the root application, those of sub-applications stay open. `run_app()` leaves none.',
    here: 'All contexts that were entered are left before the error is thrown, in reverse, those of sub-applications too.',
    why: 'A process that cannot start must not leave locks, registrations and half-open pools behind.',
    scenarios: [
      'startup-hook-fails', 'startup-context-fails', 'startup-context-fails-after-work', 'startup-subapp-fails',
      'startup-fails-after-subapp', 'startup-context-never-yields', 'process-startup-fails'
    ]
  },
  {
    title: 'One failure keeps nothing else from being cleaned up',
    aiohttp: 'A failing shutdown hook skips the wait for connections and the whole cleanup; a failing context or cleanup hook skips what comes after it, later sub-applications included.',
    here: 'Everything runs; one error is thrown as it is, several together, in order.',
    why: 'What was left out is what nobody notices until it is missing.',
    scenarios: [
      'cleanup-context-fails', 'cleanup-contexts-fail', 'cleanup-hook-fails', 'cleanup-subapp-context-fails',
      'cleanup-context-yields-twice', 'shutdown-hook-fails', 'shutdown-hook-fails-with-connection',
      'process-shutdown-hook-fails'
    ]
  },
  {
    title: 'An app and its runner live once',
    aiohttp: '`setup()` and `cleanup()` can be called again, and run their hooks again.',
    here: 'The second call gives the promise of the first. A runner that was cleaned up cannot be set up again; make a new one with a new app.',
    why: 'Whoever calls twice by accident (a signal and a `finally`) closes things once. A closed Fastify app cannot be opened again.',
    scenarios: [
      'startup-fails-once', 'shutdown-hook-fails-again', 'cleanup-twice', 'cleanup-fails-then-again',
      'runner-setup-twice', 'runner-restart'
    ]
  },
  {
    title: 'What would have no effect any more is refused',
    aiohttp: 'State of a started application can be set, with a warning. A context that a startup hook adds is taken and never entered.',
    here: 'Both throw `AIO_ERR_STATE_FROZEN` or `AIO_ERR_APP_FROZEN`, and so does the first `onResponsePrepare()` of a context in a startup hook. `addMiddleware()` is refused as soon as there is a route that would go without it.',
    why: 'An error at the place of the mistake is better than a resource that is never closed.',
    scenarios: ['freeze-after-setup', 'freeze-in-startup-hook']
  },
  {
    title: 'A sub-application can be added to until the app starts',
    aiohttp: 'Adding a sub-application freezes it.',
    here: 'It freezes with the app. The same function added twice makes two sub-applications, and each is left as a whole.',
    why: 'A sub-application is a plugin of Fastify, and plugins inside of it may load after it.',
    scenarios: ['freeze-added-subapp', 'freeze-same-subapp-twice']
  },
  {
    title: 'A site that could not listen is no site',
    aiohttp: 'It stays registered, without an address, until `stop()`.',
    here: '`runner.sites` has those that listen; it may be started again.',
    why: 'Nothing has to be stopped that never began.',
    scenarios: ['site-port-in-use', 'site-same-port-twice']
  },
  {
    title: 'A Unix socket that is being served is not taken over',
    aiohttp: 'A second site on the path takes it, and the first one is unreachable.',
    here: 'It is refused; the file of a server that has died is replaced.',
    why: 'Two services with one path by mistake: both would seem to run.',
    scenarios: ['unix-same-path-twice']
  },
  {
    title: 'The shutdown timeout is the runner\'s',
    aiohttp: 'Sites still take `shutdown_timeout`, with a warning.',
    here: 'An unknown option.',
    why: 'It never was one of a site alone.',
    scenarios: ['site-shutdown-timeout']
  },
  {
    title: 'Sharing a port needs Node 22.12',
    aiohttp: '`reuse_port` works wherever the system can.',
    here: 'With an older Node `reusePort` is refused when the site is made.',
    why: 'Those versions ignore the option in silence.',
    scenarios: ['site-reuse-port', 'site-reuse-port-only-second', 'process-two-hosts'],
    applies: !canReusePort
  },
  {
    title: 'An idle connection lives a second longer than announced',
    aiohttp: 'It is closed after `keepalive_timeout`.',
    here: 'After `keepAliveTimeout` and the second that Node adds (`keepAliveTimeoutBuffer`).',
    why: 'A request that the client sent in the last moment would meet a closed socket.',
    scenarios: ['keep-alive-timeout']
  },
  {
    title: 'Who has begun to ask is still served',
    aiohttp: 'From the beginning of the shutdown on no byte is read from any connection: pipelined and late requests are swallowed, uploads never end, fresh connections and half-sent heads are cut.',
    here: 'All of them are read on. Idle connections get `idleGrace`, fresh ones half a second, what is half sent has until `shutdownTimeout` and is then answered with 408.',
    why: 'A request that was sent and gets no answer is lost; nobody knows whether it was carried out.',
    scenarios: [
      'idle-request-during-hook', 'fresh-connection', 'half-sent-head', 'half-sent-body-completed',
      'in-flight-then-pipelined', 'in-flight-then-request'
    ]
  },
  {
    title: 'The last response says that it is the last',
    aiohttp: 'No header tells that the connection ends after the response.',
    here: '`Connection: close` on the last response of each connection.',
    why: 'A client that keeps the connection would send its next request into the closing socket.',
    scenarios: [
      'in-flight-short', 'in-flight-two', 'in-flight-released-by-hook', 'in-flight-and-new-connection',
      'in-flight-and-idle', 'in-flight-http-1-0', 'on-cleanup-after-connections', 'subapp-request-in-flight',
      'process-in-flight'
    ]
  },
  {
    title: 'The shutdown timeout is waited for once, and ends with an answer',
    aiohttp: 'A handler has twice the timeout, an upload once, and 0 waits for ever; what is left is cut without a response.',
    here: 'All of it together takes `shutdownTimeout`, 0 is no time, a long time is said as such. Then `request.signal` aborts, and whoever has got no response gets 503 with `Retry-After` (a handler has `cancelTimeout` to answer itself). A stream is cut so that the client sees it.',
    why: 'An orchestrator counts to one number. A client that gets 503 may ask again, one that gets nothing may not.',
    scenarios: [
      'half-sent-body', 'in-flight-between', 'in-flight-long', 'in-flight-cleans-up-when-cancelled',
      'in-flight-ignores-cancel', 'in-flight-no-timeout', 'streaming-endless', 'server-sent-events',
      'process-in-flight-long'
    ]
  },
  {
    title: 'A websocket has time to answer its close',
    aiohttp: 'The socket is shut at once behind the close frame; a websocket that the application does not know is cut without one.',
    here: 'Every websocket hears 1001 and has `closeTimeout` to answer.',
    why: 'RFC 6455, section 7.1.1: the server waits for the close frame before it ends the connection.',
    scenarios: ['websocket-unregistered', 'websocket-registered', 'process-websocket']
  },
  {
    title: 'A second signal skips the waiting, never the cleanup',
    aiohttp: 'It abandons everything: no later hook runs, contexts stay open, exit status 1.',
    here: 'Requests are cancelled and answered, then everything is cleaned up, exit status 0. The third signal ends the process at once.',
    why: 'Who is in a hurry does not want broken data.',
    scenarios: ['process-second-sigterm', 'process-second-sigint', 'process-second-signal-in-cleanup']
  },
  {
    title: 'A hook that runs is not cancelled',
    aiohttp: 'A signal during the startup cancels the hook that runs, and leaves nothing.',
    here: 'The hook ends, no other one begins, and what was entered is left; exit status 0.',
    why: 'A promise cannot be cancelled from outside, and what it opens meanwhile has to be closed.',
    scenarios: ['process-signal-in-startup']
  },
  {
    title: 'Without signal handling the process is yours',
    aiohttp: 'With `handle_signals=False` SIGINT still stops gracefully, as Python\'s KeyboardInterrupt.',
    here: 'With `handleSignals: false` SIGINT does what Node does: it ends the process. `signal` takes an AbortSignal.',
    why: 'The option means both signals.',
    scenarios: ['process-no-signal-handling-sigint']
  },
  {
    title: 'Without a module the demo runs',
    aiohttp: 'A usage error.',
    here: 'In the source tree `npm start` runs the demo; the package, which has none, says what is missing.',
    why: 'The first command that somebody tries shows something.',
    scenarios: ['cli-no-arguments']
  }
]

/** The names of the scenarios that go otherwise than recorded with this version of Node. */
export const changed = new Set(
  differences.flatMap(({ applies = true, scenarios }) => applies ? scenarios : []))

/** What happens here instead; `also`, where two things race, is the other outcome. */
export interface Ours extends Result {
  readonly also?: Partial<Outcome>
}

/** What happens here instead, by the name of the scenario. */
export function readOurs (): Map<string, Ours> {
  return new Map(readJson<Ours>('ours.json').map(result => [result.name, result]))
}

/** The recorded scenarios. */
export function readScenarios (): Scenario[] {
  return readJson('scenarios.json')
}

/** The rules as a part of `docs/differences.md`. */
export function renderDifferences (): string {
  return differences.map(({ title, aiohttp, here, why, scenarios }) => [
    `### ${title}`,
    '',
    `- aiohttp: ${aiohttp}`,
    `- Here: ${here}`,
    `- Why: ${why}`,
    `- Recorded: ${scenarios.map(name => `\`${name}\``).join(', ')}`,
    ''
  ].join('\n')).join('\n')
}

function readJson<Item> (name: string): Item[] {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))
}
