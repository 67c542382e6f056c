/**
 * Everything that is asked of the database. Knows nothing of HTTP but the 404 of what is not there.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { databaseOf, HTTPNotFound } from '../../app.ts'
import type { Choice, Queries, Question, Schema } from './schema.ts'

/** What was asked for is not in the database; as an answer it is a 404. */
export class RecordNotFound extends HTTPNotFound {
  constructor (what: string, id: number) {
    super({ text: `There is no ${what} ${id}` })
  }
}

/** What a handler asks. */
export function dbOf (request: FastifyRequest): Queries {
  return databaseOf<Schema>(request.server).db
}

/** A question with its choices, in the order they were entered. */
export interface Poll extends Question {
  choices: (Choice & {
    /** Its part of all votes. */
    percent: number
  })[]
  /** All votes for all of its choices. */
  votes: number
}

/** The newest questions first. */
export async function listPolls (db: Queries, limit = 50): Promise<Poll[]> {
  const questions = await db.selectFrom('question').selectAll()
    .orderBy('pub_date', 'desc').orderBy('id', 'desc').limit(limit).execute()
  if (questions.length === 0) return []
  const choices = await db.selectFrom('choice').selectAll()
    .where('question_id', 'in', questions.map(({ id }) => id)).orderBy('id').execute()
  return questions.map(question => toPoll(question, choices.filter(choice => choice.question_id === question.id)))
}

/** @throws RecordNotFound */
export async function getPoll (db: Queries, id: number): Promise<Poll> {
  const question = await db.selectFrom('question').selectAll().where('id', '=', id).executeTakeFirst()
  if (question === undefined) throw new RecordNotFound('question', id)
  const choices = await db.selectFrom('choice').selectAll().where('question_id', '=', id).orderBy('id').execute()
  return toPoll(question, choices)
}

/** Counts one vote; the database does the adding, so that no vote is lost between two voters. @throws RecordNotFound */
export async function vote (db: Queries, questionId: number, choiceId: number): Promise<void> {
  const { numUpdatedRows } = await db.updateTable('choice')
    .set(({ eb }) => ({ votes: eb('votes', '+', 1) }))
    .where('id', '=', choiceId)
    .where('question_id', '=', questionId)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw new RecordNotFound('choice', choiceId)
}

/** Adds a question of today. @returns its id */
export async function createQuestion (db: Queries, text: string, choices: readonly string[]): Promise<number> {
  const question = { question_text: text, pub_date: new Date().toISOString().slice(0, 10) }
  const insert = db.insertInto('question').values(question)
  // PostgreSQL returns what it has inserted, MySQL tells the id.
  const id = db.getExecutor().adapter.supportsReturning
    ? (await insert.returning('id').executeTakeFirstOrThrow()).id
    : Number((await insert.executeTakeFirstOrThrow()).insertId)
  await addChoices(db, id, choices)
  return id
}

async function addChoices (db: Queries, questionId: number, choices: readonly string[]): Promise<void> {
  if (choices.length === 0) return
  await db.insertInto('choice').values(choices.map(text => ({ question_id: questionId, choice_text: text }))).execute()
}

/** What an admin changed about a question. */
export interface PollChanges {
  text: string
  /** The texts of the choices that stay, by id; the others go, with their votes. */
  kept: ReadonlyMap<number, string>
  added: readonly string[]
}

/** @throws RecordNotFound */
export async function updatePoll (db: Queries, id: number, { text, kept, added }: PollChanges): Promise<void> {
  const { choices } = await getPoll(db, id)
  await db.updateTable('question').set({ question_text: text }).where('id', '=', id).execute()
  for (const choice of choices) {
    const newText = kept.get(choice.id)
    if (newText === undefined) await db.deleteFrom('choice').where('id', '=', choice.id).execute()
    else if (newText !== choice.choice_text) {
      await db.updateTable('choice').set({ choice_text: newText }).where('id', '=', choice.id).execute()
    }
  }
  await addChoices(db, id, added)
}

/** Takes a question away, with its choices. @throws RecordNotFound */
export async function deletePoll (db: Queries, id: number): Promise<void> {
  const { numDeletedRows } = await db.deleteFrom('question').where('id', '=', id).executeTakeFirst()
  if (numDeletedRows === 0n) throw new RecordNotFound('question', id)
}

function toPoll (question: Question, choices: Choice[]): Poll {
  const votes = choices.reduce((sum, choice) => sum + choice.votes, 0)
  const percent = (choice: Choice) => votes === 0 ? 0 : Math.round(100 * choice.votes / votes)
  return { ...question, votes, choices: choices.map(choice => ({ ...choice, percent: percent(choice) })) }
}
