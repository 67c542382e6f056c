/** The process: serves until it is told to stop, then finishes what it has. */

import { runApp } from 'fastify-aiohttp/runner'
import createApp from './app.ts'

await runApp(createApp, { host: process.env['HOST'] ?? '127.0.0.1', port: Number(process.env['PORT'] ?? 8080) })
