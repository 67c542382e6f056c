/**
 * Usage errors of templates.
 *
 * @module
 */

import createError from '@fastify/error'

/** No environment under a key. Arguments: key, the keys there are. */
export const AIO_ERR_TEMPLATES_MISSING = createError<[string, string]>(
  'AIO_ERR_TEMPLATES_MISSING',
  'Template engine is not initialized: no templates are registered under the key "%s", only under %s')

/** A key that is taken in this context. Argument: key. */
export const AIO_ERR_TEMPLATES_KEY = createError<[string]>(
  'AIO_ERR_TEMPLATES_KEY', 'Cannot register templates twice under the key "%s": give the second ones a "key"')

/** A template nobody has. Arguments: name, where was looked. */
export const AIO_ERR_TEMPLATE_NOT_FOUND = createError<[string, string]>(
  'AIO_ERR_TEMPLATE_NOT_FOUND', "Template '%s' not found in %s")

/** A context that has no names. Argument: what came. */
export const AIO_ERR_TEMPLATE_CONTEXT = createError<[string]>(
  'AIO_ERR_TEMPLATE_CONTEXT', 'context should be mapping, not %s', 500, TypeError)

/** A request that `template()` could not find. Argument: what came instead. */
export const AIO_ERR_TEMPLATE_REQUEST = createError<[string]>(
  'AIO_ERR_TEMPLATE_REQUEST',
  'Cannot render for %s: template() stands on handlers and on methods of a View, which have a request', 500, TypeError)

/** A static file without a folder to have it in. Arguments: file, why. */
export const AIO_ERR_TEMPLATE_STATIC = createError<[string, string]>(
  'AIO_ERR_TEMPLATE_STATIC', 'Cannot make the URL of the static file %s: %s')

/** A value that comes later where a value is needed at once. Argument: where. */
export const AIO_ERR_TEMPLATE_ASYNC = createError<[string]>(
  'AIO_ERR_TEMPLATE_ASYNC',
  'Cannot use a promise in %s: an asynchronous filter or function gives its value to an output or to another filter only',
  500, TypeError)

/** A name that minijinja would not escape. Argument: name. */
export const AIO_ERR_TEMPLATE_ENDING = createError<[string]>(
  'AIO_ERR_TEMPLATE_ENDING', 'Cannot escape the template "%s": minijinja does so for .html, .htm and .xml only')

/** A template that failed, or cannot be read. Arguments: file with line, what was thrown there. */
const AIO_ERR_TEMPLATE_RENDER = createError<[string, string]>(
  'AIO_ERR_TEMPLATE_RENDER', 'Error in the template %s: %s')

/** Where a template failed. */
export interface TemplatePlace {
  /** Path of the file, or the name of a template that has none. */
  readonly file: string
  /** From 1; `undefined` when it is not known. */
  readonly line: number | undefined
}

/** A template that failed, with the place; what was thrown there is its cause. */
export class TemplateError extends AIO_ERR_TEMPLATE_RENDER {
  readonly file: string
  readonly line: number | undefined

  constructor ({ file, line }: TemplatePlace, cause: unknown) {
    super(line === undefined ? file : `${file}:${line}`, messageOf(cause))
    this.cause = cause
    this.file = file
    this.line = line
  }
}

function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
