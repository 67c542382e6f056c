/** The smallest app with the full bundle under a runner; tells when it listens. */

import Fastify from 'fastify'
import bundle, { AppRunner, TCPSite } from '../../dist/app.js'

const app = Fastify()
await app.register(bundle)
app.get('/', async () => 'Hello, world')
const runner = new AppRunner(app)
await runner.setup()
const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
await site.start()
process.send({ port: site.port })
