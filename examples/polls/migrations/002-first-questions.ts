/**
 * Some questions to begin with. A migration, so that they come once, and do not come back when an admin deletes them.
 *
 * @module
 */

import type { Kysely } from 'kysely'
import { createQuestion } from '../queries.ts'
import type { Schema } from '../schema.ts'

const questions: Record<string, string[]> = {
  'What do you drink while it compiles?': ['Coffee', 'Green tea', 'Mate', 'A glass of water', 'It has compiled already'],
  'Tabs or spaces?': ['Tabs', 'Spaces', 'Whatever the formatter does'],
  'Where do you run this demo?': ['On a laptop', 'On a server', 'In a container', 'In a tab I forgot about']
}

export async function up (db: Kysely<Schema>): Promise<void> {
  for (const [text, choices] of Object.entries(questions)) await createQuestion(db, text, choices)
}

export async function down (db: Kysely<Schema>): Promise<void> {
  await db.deleteFrom('question').where('question_text', 'in', Object.keys(questions)).execute()
}
