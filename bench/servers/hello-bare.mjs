/** The smallest app of bare Fastify; tells when it listens. */

import Fastify from 'fastify'

const app = Fastify()
app.get('/', async () => 'Hello, world')
const address = await app.listen({ host: '127.0.0.1', port: 0 })
process.send({ port: Number(new URL(address).port) })
