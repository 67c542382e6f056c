/**
 * aiologstash's place: the app's log goes to Logstash as well, one JSON object a line.
 *
 * Logstash's side: `input { tcp { port => 5000 codec => json_lines } }`.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { runApp } from '../../app.ts'
import { LogstashLines } from './logstash-lines.ts'

/** Takes where Logstash listens. */
export default async function createApp (url = process.env['LOGSTASH_URL'] ?? 'tcp://127.0.0.1:5000') {
  const logstash = new LogstashLines(url)
  const app = Fastify({
    logger: {
      level: process.env['LOG_LEVEL'] ?? 'info',
      messageKey: 'message',
      base: { '@version': '1', type: 'shop' },
      timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
      formatters: { level: level => ({ level }) },
      stream: {
        write (line) {
          process.stdout.write(line)
          logstash.write(line)
        }
      }
    }
  })
  await app.register(bundle)

  // The first context is left last: what the others log at the end is sent, too.
  app.cleanupContext(async function * logs () {
    yield
    await logstash.close()
    if (logstash.dropped > 0) process.stderr.write(`Logstash was away: ${logstash.dropped} lines are only here\n`)
  })

  app.get('/', async request => {
    request.log.info({ tea: 'green' }, 'somebody wants tea')
    return 'Tea'
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(() => createApp(), { port: 8080 })
