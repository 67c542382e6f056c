/**
 * The tables `question` and `choice`.
 *
 * @module
 */

import type { ColumnDefinitionBuilder, Kysely } from 'kysely'
import { maxText, type Schema } from '../schema.ts'

export async function up (db: Kysely<Schema>): Promise<void> {
  // PostgreSQL and MySQL number rows in words of their own.
  const numbered = (column: ColumnDefinitionBuilder) =>
    db.getExecutor().adapter.supportsReturning ? column.generatedByDefaultAsIdentity() : column.autoIncrement()

  await db.schema.createTable('question')
    .addColumn('id', 'integer', column => numbered(column.primaryKey()))
    .addColumn('question_text', `varchar(${maxText})`, column => column.notNull())
    .addColumn('pub_date', 'date', column => column.notNull())
    .execute()

  await db.schema.createTable('choice')
    .addColumn('id', 'integer', column => numbered(column.primaryKey()))
    .addColumn('question_id', 'integer', column => column.notNull())
    .addColumn('choice_text', `varchar(${maxText})`, column => column.notNull())
    .addColumn('votes', 'integer', column => column.notNull().defaultTo(0))
    .addForeignKeyConstraint('choice_question_id_fkey', ['question_id'], 'question', ['id'],
      constraint => constraint.onDelete('cascade'))
    .execute()

  // MySQL makes one for the foreign key by itself; PostgreSQL does not.
  await db.schema.createIndex('choice_question_id_idx').on('choice').column('question_id').execute()
}

export async function down (db: Kysely<Schema>): Promise<void> {
  await db.schema.dropTable('choice').execute()
  await db.schema.dropTable('question').execute()
}
