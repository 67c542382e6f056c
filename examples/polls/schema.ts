/**
 * The two tables, as TypeScript sees them; the migrations make them.
 *
 * @module
 */

import type { Generated, Kysely, Selectable } from 'kysely'

export interface Schema {
  question: {
    id: Generated<number>
    question_text: string
    /** A day, such as `2026-02-28`. */
    pub_date: string
  }
  choice: {
    id: Generated<number>
    question_id: number
    choice_text: string
    votes: Generated<number>
  }
}

export type Question = Selectable<Schema['question']>
export type Choice = Selectable<Schema['choice']>
export type Queries = Kysely<Schema>

/** The longest text of a question or a choice, in characters. */
export const maxText = 200
