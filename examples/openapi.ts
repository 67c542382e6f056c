/**
 * An API described by a file: handlers by operationId, requests checked, a page at /docs. A route with a schema of its
 * own is described as well.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import Type from 'typebox'
import bundle, { HTTPNotFound } from '../app.ts'
import openapi from '../plugins/openapi/index.ts'
import { runApp } from '../plugins/runner/index.ts'

interface Pet { id: number, name: string, kind: 'cat' | 'dog' }

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(bundle)
  await app.register(openapi, {
    spec: new URL('openapi.yaml', import.meta.url),
    credentials: { key: key => key === 'secret' },
    validateResponses: process.env['NODE_ENV'] !== 'production'
  })
  const pets: Pet[] = [{ id: 1, name: 'Tom', kind: 'cat' }]

  app.openapi.handle('listPets', async request => {
    const { limit, kind = ['cat', 'dog'] } = request.validated.query as { limit: number, kind?: string[] }
    return pets.filter(pet => kind.includes(pet.kind)).slice(0, limit)
  })

  app.openapi.handle('addPet', async (request, reply) => {
    const pet = { ...request.body as Omit<Pet, 'id'>, id: pets.length + 1 }
    pets.push(pet)
    return reply.code(201).send(pet)
  })

  app.openapi.handle('getPet', async request => {
    const pet = pets.find(({ id }) => id === request.validated.path['id'])
    if (pet === undefined) throw new HTTPNotFound()
    return pet
  })

  const response = { 200: Type.Object({ pets: Type.Integer({ description: 'How many there are' }) }) }
  app.addGet('/count', async () => ({ pets: pets.length }), { name: 'count', schema: { response } })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
