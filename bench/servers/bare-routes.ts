/** The routes of routes.ts in bare Fastify. */

import Fastify from 'fastify'

const app = Fastify()
for (let index = 0; index < Number(process.argv[2]); index += 1) {
  if (index % 2 === 1) app.get(`/section${index % 100}/page${index}/:id`, async () => 'found')
  else app.post(`/section${(index + 1) % 100}/form${index + 1}/:id`, async () => 'done')
}
const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
process.on('disconnect', () => process.exit())
process.send?.({ port: Number(port) })
