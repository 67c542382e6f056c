/**
 * Jinja2 templates: a page that extends another, a context processor, URLs of routes and of files, a filter.
 *
 *     node --import=tsx examples/templates.ts
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import bundle, { HTTPNotFound, get, renderTemplate, runApp, template } from '../app.ts'

const teas = [{ id: 1, name: 'Assam', price: 4.5 }, { id: 2, name: 'Darjeeling <first flush>', price: 9 }]

export default async function createApp (): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(bundle, {
    templates: {
      folder: new URL('./templates/', import.meta.url),
      contextProcessors: [async request => ({ visitor: request.ip })],
      filters: { euro: (price: number) => `${price.toFixed(2)} €` }
    }
  })

  app.addRoutes([
    get('/', template('teas.html')(async () => ({ teas })), { name: 'teas' }),
    get('/teas/{id:\\d+}', async request => {
      const tea = teas.find(({ id }) => id === Number(request.matchInfo['id']))
      if (tea === undefined) throw new HTTPNotFound()
      return await renderTemplate(request, 'tea.html', { tea })
    }, { name: 'tea' })
  ])
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(await createApp(), { host: '127.0.0.1', port: 8080 })
}
