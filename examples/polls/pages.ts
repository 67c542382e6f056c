/**
 * What everybody sees: the questions, one of them, its results. They work without JavaScript.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import {
  csrfToken, get, getSession, HTTPSeeOther, post, renderTemplate, template, type Response
} from '../../app.ts'
import { live, liveResults } from './live.ts'
import { dbOf, getPoll, listPolls, vote } from './queries.ts'

/** What an id looks like: no number that is too large for the database comes as far as a handler. */
export const id = '{id:[1-9]\\d{0,8}}'

export const pages = [
  get('/', template('index.html')(index), { name: 'index' }),
  get(`/polls/${id}`, async request => await ballot(request), { name: 'detail' }),
  post(`/polls/${id}/vote`, castVote, { name: 'vote' }),
  get(`/polls/${id}/results`, template('results.html')(results), { name: 'results' }),
  get(`/polls/${id}/live`, live, { name: 'live' })
]

async function index (request: FastifyRequest) {
  return { section: 'polls', polls: await listPolls(dbOf(request)) }
}

/** The page to vote on, with what was wrong about the vote before. */
async function ballot (request: FastifyRequest, error?: string): Promise<Response> {
  const poll = await getPoll(dbOf(request), idOf(request))
  const context = { section: 'polls', poll, error, csrf: await csrfToken(request) }
  return await renderTemplate(request, 'detail.html', context, { status: error === undefined ? 200 : 400 })
}

async function castVote (request: FastifyRequest): Promise<Response> {
  const form = await request.post()
  const choice = String(form.get('choice') ?? '')
  if (!/^[1-9]\d{0,8}$/.test(choice)) return await ballot(request, 'Please choose one of these.')
  const id = idOf(request)
  await vote(dbOf(request), id, Number(choice))
  request.server.state.get(liveResults).changed(id)
  const session = await getSession(request)
  session.set('voted', Number(choice))
  // The browser asks for the results with GET: to load them again does not vote again.
  throw new HTTPSeeOther(request.server.urlFor('results', { id }))
}

async function results (request: FastifyRequest) {
  const poll = await getPoll(dbOf(request), idOf(request))
  const session = await getSession(request)
  const voted = poll.choices.find(choice => choice.id === session.get('voted'))?.choice_text
  session.delete('voted')
  return { section: 'polls', poll, voted }
}

/** The id in the path. */
export function idOf (request: FastifyRequest): number {
  return Number(request.matchInfo['id'])
}
