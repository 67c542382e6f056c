/**
 * Behind the login: questions are asked, changed and deleted.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import {
  checkPermission, csrfToken, databaseOf, get, getSession, HTTPSeeOther, isAnonymous, post, renderTemplate, template,
  type Middleware, type Response
} from '../../app.ts'
import { changesOf, formOf, maxChoices, minChoices, readForm, type QuestionForm } from './forms.ts'
import { liveResults } from './live.ts'
import { id, idOf } from './pages.ts'
import { createQuestion, dbOf, deletePoll, getPoll, listPolls, updatePoll, type Poll } from './queries.ts'
import { maxText, type Schema } from './schema.ts'

/** Sends whoever is nobody to the login, and from there back. */
const adminsOnly: Middleware = async (request, handler) => {
  if (await isAnonymous(request)) {
    throw new HTTPSeeOther(request.server.urlFor('admin.login', {}, { query: { next: request.url } }))
  }
  await checkPermission(request, 'admin')
  return await handler(request)
}

const options = { middlewares: [adminsOnly] }

export const admin = [
  get('/admin', template('admin/index.html')(index), { ...options, name: 'admin' }),
  get('/admin/new', async request => await editor(request, formOf()), { ...options, name: 'admin.new' }),
  post('/admin/new', create, options),
  get(`/admin/${id}`, edit, { ...options, name: 'admin.edit' }),
  post(`/admin/${id}`, update, options),
  get(`/admin/${id}/delete`, template('admin/delete.html')(confirm), { ...options, name: 'admin.delete' }),
  post(`/admin/${id}/delete`, remove, options)
]

async function index (request: FastifyRequest) {
  const session = await getSession(request)
  const notice = session.get('notice')
  session.delete('notice')
  return { section: 'admin', polls: await listPolls(dbOf(request)), notice, csrf: await csrfToken(request) }
}

/** The page with the form of a question. */
async function editor (request: FastifyRequest, form: QuestionForm, poll?: Poll): Promise<Response> {
  const title = poll === undefined ? 'New question' : 'Edit question'
  const context = {
    section: 'admin', title, form, action: request.url, csrf: await csrfToken(request), maxText, minChoices, maxChoices
  }
  return await renderTemplate(request, 'admin/edit.html', context, { status: form.invalid ? 400 : 200 })
}

async function create (request: FastifyRequest): Promise<Response> {
  const form = readForm(await request.post())
  if (form.invalid) return await editor(request, form)
  const { text, added } = changesOf(form)
  await databaseOf<Schema>(request.server).transaction(db => createQuestion(db, text, added))
  return await done(request, `“${text}” can be voted on.`)
}

async function edit (request: FastifyRequest): Promise<Response> {
  const poll = await getPoll(dbOf(request), idOf(request))
  return await editor(request, formOf(poll), poll)
}

async function update (request: FastifyRequest): Promise<Response> {
  const poll = await getPoll(dbOf(request), idOf(request))
  const form = readForm(await request.post(), poll)
  if (form.invalid) return await editor(request, form, poll)
  await databaseOf<Schema>(request.server).transaction(db => updatePoll(db, poll.id, changesOf(form)))
  request.server.state.get(liveResults).changed(poll.id)
  return await done(request, `“${form.text}” has been changed.`)
}

async function confirm (request: FastifyRequest) {
  return { section: 'admin', poll: await getPoll(dbOf(request), idOf(request)), csrf: await csrfToken(request) }
}

async function remove (request: FastifyRequest): Promise<Response> {
  const poll = await getPoll(dbOf(request), idOf(request))
  await deletePoll(dbOf(request), poll.id)
  return await done(request, `“${poll.question_text}” has been deleted.`)
}

/** Back to the list, which says what was done. */
async function done (request: FastifyRequest, notice: string): Promise<never> {
  const session = await getSession(request)
  session.set('notice', notice)
  throw new HTTPSeeOther(request.server.urlFor('admin'))
}
