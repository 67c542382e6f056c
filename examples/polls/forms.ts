/**
 * The form of a question: what was typed, what is wrong with it, and what comes of it when nothing is.
 *
 * @module
 */

import type { FileField, MultiDict } from '../../app.ts'
import type { Poll, PollChanges } from './queries.ts'
import { maxText } from './schema.ts'

export const minChoices = 2
export const maxChoices = 10

/** How many empty fields a form offers for further choices. */
const spare = 3

type Form = MultiDict<string | Buffer | FileField>

/** The form as a page shows it. */
export interface QuestionForm {
  text: string
  kept: { id: number, text: string }[]
  added: string[]
  errors: { text?: string, choices?: string }
  invalid: boolean
}

/** The form of a question that is there, or an empty one. */
export function formOf (poll?: Poll): QuestionForm {
  return {
    text: poll?.question_text ?? '',
    kept: poll?.choices.map(choice => ({ id: choice.id, text: choice.choice_text })) ?? [],
    added: Array<string>(poll === undefined ? spare + minChoices : spare).fill(''),
    errors: {},
    invalid: false
  }
}

/** What was typed into the form of a question. */
export function readForm (form: Form, poll?: Poll): QuestionForm {
  const kept = (poll?.choices ?? []).map(({ id }) => ({ id, text: textOf(form.get(`choice-${id}`)) }))
  const added = form.getAll('choice').slice(0, maxChoices + spare).map(textOf)
  const text = textOf(form.get('text'))
  const errors = {
    ...check('text', checkText(text, 'question')),
    ...check('choices', checkChoices([...kept.map(choice => choice.text), ...added].filter(text => text !== '')))
  }
  return { text, kept, added, errors, invalid: Object.keys(errors).length > 0 }
}

/** What comes of a form without errors. */
export function changesOf ({ text, kept, added }: QuestionForm): PollChanges {
  return {
    text,
    kept: new Map(kept.filter(choice => choice.text !== '').map(choice => [choice.id, choice.text])),
    added: added.filter(text => text !== '')
  }
}

function checkText (text: string, what: string): string | undefined {
  if (text === '') return `Please write a ${what}.`
  const length = [...text].length
  if (length > maxText) return `A ${what} has at most ${maxText} characters; this one has ${length}.`
}

function checkChoices (choices: readonly string[]): string | undefined {
  if (choices.length < minChoices) return `Please give at least ${minChoices} choices.`
  if (choices.length > maxChoices) return `Please give at most ${maxChoices} choices.`
  if (new Set(choices.map(choice => choice.toLowerCase())).size < choices.length) return 'Two choices are the same.'
  return choices.map(choice => checkText(choice, 'choice')).find(error => error !== undefined)
}

function check (field: string, error: string | undefined): object {
  return error === undefined ? {} : { [field]: error }
}

/** One line without what cannot be seen; a file or a missing field is nothing. */
function textOf (value: string | Buffer | FileField | undefined): string {
  if (typeof value !== 'string') return ''
  return value.replace(/\s+/g, ' ').replace(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu, '').trim()
}
