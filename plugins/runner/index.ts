/**
 * The runner: sites, their sockets, and a shutdown that loses nothing. aiohttp's `web_runner` and `run_app`.
 *
 * Serves any Fastify app, with or without the other plugins of this package.
 *
 * @module
 */

export { AppRunner, runnerKey, type Swap } from './app-runner.ts'
export { BaseRunner, type RunnerReport } from './base-runner.ts'
export { type ConnectionState } from './connections.ts'
export { type HardeningOptions } from './hardening.ts'
export { type RunnerLog } from './log.ts'
export { type RunnerOptions } from './options.ts'
export { type ConnectionReport, type GenerationReport } from './report.ts'
export { type SwapOptions } from './retirement.ts'
export { hardDeadlineOf, runApp, runAppShape, type AppSource, type RunAppOptions } from './run-app.ts'
export { ServerRunner } from './server-runner.ts'
export { type Phase } from './shutdown.ts'
export { type TLSOptions } from './site-server.ts'
export { BaseSite, type SiteOptions } from './sites/base-site.ts'
export { NamedPipeSite } from './sites/named-pipe-site.ts'
export { SockSite, type ListeningSocket } from './sites/sock-site.ts'
export { TCPSite, type TCPSiteOptions } from './sites/tcp-site.ts'
export { UnixSite, type UnixSiteOptions } from './sites/unix-site.ts'
export { claimPath, type BoundPath, type ClaimedPath } from './unix-path.ts'
