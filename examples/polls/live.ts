/**
 * Results that move while others vote: the pages of one question are a group of websockets.
 *
 * However many vote, a group is told at most ten times a second, and always the state after the last vote.
 *
 * @module
 */

import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppKey, databaseOf, WebSocketResponse } from '../../app.ts'
import { dbOf, getPoll, type Poll } from './queries.ts'
import type { Schema } from './schema.ts'

/** How long a group waits for further votes before it is told, in milliseconds. */
const pause = 100

/** Tells the pages of a question about its votes. */
export class LiveResults {
  readonly #app: FastifyInstance
  readonly #waiting = new Set<number>()

  constructor (app: FastifyInstance) {
    this.#app = app
  }

  /** Has all who look at a question told its results, soon. A vote is not less counted when that fails. */
  changed (questionId: number): void {
    if (this.#waiting.has(questionId)) return
    this.#waiting.add(questionId)
    this.#app.jobs.spawn(signal => this.#tell(questionId, signal), { name: 'live results' }).catch(error => {
      this.#waiting.delete(questionId)
      this.#app.log.warn(error, `Nobody was told the results of question ${questionId}`)
    })
  }

  async #tell (questionId: number, signal: AbortSignal): Promise<void> {
    // Taken off before the database is asked: a vote that comes while it answers is told by the next job.
    await setTimeout(pause, undefined, { signal }).finally(() => this.#waiting.delete(questionId))
    const poll = await getPoll(databaseOf<Schema>(this.#app).db, questionId)
    this.#app.websockets.broadcast(groupOf(questionId), JSON.stringify(messageOf(poll)))
  }
}

export const liveResults = new AppKey<LiveResults>('live results')

/** The websocket of a page with results. */
export async function live (request: FastifyRequest): Promise<WebSocketResponse> {
  const app = request.server
  const id = Number(request.matchInfo['id'])
  await getPoll(dbOf(request), id)
  const ws = new WebSocketResponse({ heartbeat: 30_000, maxMsgSize: 1024 })
  await ws.prepare(request)
  app.websockets.join(ws, groupOf(id))
  // What happened between the page and its websocket.
  app.state.get(liveResults).changed(id)
  // A page has nothing to say; what it says all the same is dropped.
  while (!ws.closed) await ws.receive()
  return ws
}

const groupOf = (questionId: number) => `question ${questionId}`

function messageOf ({ votes, choices }: Poll) {
  return { votes, choices: choices.map(({ id, votes, percent }) => ({ id, votes, percent })) }
}
