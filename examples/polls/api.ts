/**
 * The same for programs: JSON, described by schemas that check what comes in and make the page at `/docs`.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { databaseOf } from '../../app.ts'
import { liveResults } from './live.ts'
import { getPoll, listPolls, vote } from './queries.ts'
import type { Schema } from './schema.ts'

const Id = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 })

const Poll = Type.Object({
  id: Id,
  question_text: Type.String(),
  pub_date: Type.String({ format: 'date' }),
  votes: Type.Integer({ description: 'All votes for all choices' }),
  choices: Type.Array(Type.Object({
    id: Id, choice_text: Type.String(), votes: Type.Integer(), percent: Type.Integer()
  }))
})
const Polls = Type.Array(Poll)
const Params = Type.Object({ id: Id })
const Vote = Type.Object({ choice: Type.Integer({ ...Id, description: 'The id of a choice' }) })

const Counted = Type.Null({ description: 'The vote has been counted' })

const tags = ['polls']

/** A plugin, to be registered with a prefix. */
export async function api (app: FastifyInstance): Promise<void> {
  const database = databaseOf<Schema>(app)

  app.get('/polls', {
    schema: { tags, operationId: 'listPolls', summary: 'The newest questions', response: { 200: Polls } }
  }, async () => await listPolls(database.db))

  app.get<{ Params: Static<typeof Params> }>('/polls/:id', {
    schema: { tags, operationId: 'getPoll', summary: 'One question', params: Params, response: { 200: Poll } }
  }, async ({ params }) => await getPoll(database.db, params.id))

  app.post<{ Params: Static<typeof Params>, Body: Static<typeof Vote> }>('/polls/:id/votes', {
    // Nothing depends on who sends this: there are no cookies in it.
    config: { csrf: false },
    schema: { tags, operationId: 'vote', summary: 'Vote', params: Params, body: Vote, response: { 204: Counted } }
  }, async ({ params, body }, reply) => {
    await vote(database.db, params.id, body.choice)
    app.state.get(liveResults).changed(params.id)
    return reply.code(204).send()
  })
}
