/**
 * Options of the templates plugin.
 *
 * @module
 */

import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyRequest } from 'fastify'
import { AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'
import {
  anything, boolean, check, describe, either, func, listOf, nonEmptyString, object, oneOf, string, type Shape
} from '../../lib/options.ts'
import type { StaticResource } from '../static/index.ts'
import type { EngineFactory, TemplateContext, TemplateEngine, TemplateFilter } from './engine.ts'

/** Adds names for every template rendered for a request; those of the handler win. */
export type ContextProcessor = (request: FastifyRequest) => TemplateContext | Promise<TemplateContext>

/** Options of the templates plugin. */
export interface TemplatesOptions {
  /**
   * Folder of templates, or several: the first that has a template wins.
   *
   * @default []
   */
  folder?: string | URL | readonly (string | URL)[] | undefined
  /**
   * Templates by name, before those of the folders.
   *
   * @default {}
   */
  sources?: Readonly<Record<string, string>> | undefined
  /**
   * `nunjucks` (package `@11ty/nunjucks`), `minijinja` (package `minijinja-js`), an object with `render(name,
   * context)`, or a function that makes one.
   *
   * @default 'nunjucks'
   */
  engine?: 'nunjucks' | 'minijinja' | TemplateEngine | EngineFactory | undefined
  /**
   * Tells several environments of one app apart (aiohttp: app_key).
   *
   * @default 'templates'
   */
  key?: string | undefined
  /**
   * Escapes what is written out, in every template whatever its name.
   *
   * @default true
   */
  autoescape?: boolean | undefined
  /**
   * Functions that add names to the context of every template rendered for a request, in this order.
   *
   * @default []
   */
  contextProcessors?: readonly ContextProcessor[] | undefined
  /**
   * Filters, which may be asynchronous.
   *
   * @default {}
   */
  filters?: Readonly<Record<string, TemplateFilter>> | undefined
  /**
   * What stands behind `is`.
   *
   * @default {}
   */
  tests?: Readonly<Record<string, (...values: never[]) => boolean>> | undefined
  /**
   * Names for all templates, those rendered without a request included.
   *
   * @default {}
   */
  globals?: Readonly<Record<string, unknown>> | undefined
  /**
   * Gives templates `app`, `url()` and `static()`.
   *
   * @default true
   */
  defaultHelpers?: boolean | undefined
  /**
   * The folder that `static()` means: what `app.addStatic()` returned, or the name it was given.
   *
   * @default 'static'
   */
  static?: string | StaticResource | undefined
  /**
   * Charset of responses.
   *
   * @default 'utf-8'
   */
  encoding?: string | undefined
  /**
   * Reads changed templates again, and answers a template that fails with a page that shows where.
   *
   * @default true unless NODE_ENV is 'production'
   */
  development?: boolean | undefined
}

const url = check('a path or a file: URL',
  value => (typeof value === 'string' && value !== '') || (value instanceof URL && value.protocol === 'file:'))
const texts = check('an object of strings',
  value => object.test(value) && Object.values(Object(value)).every(text => typeof text === 'string'))
const functions = check('an object of functions',
  value => object.test(value) && Object.values(Object(value)).every(item => typeof item === 'function'))
const engine = check('an object with a method "render"',
  value => object.test(value) && typeof Reflect.get(Object(value), 'render') === 'function')
const resource = check('what app.addStatic() returned',
  value => object.test(value) && typeof Reflect.get(Object(value), 'urlFor') === 'function')

export const templatesShape: Shape<TemplatesOptions> = {
  folder: either(url, listOf(url)),
  sources: texts,
  engine: either(oneOf('nunjucks', 'minijinja'), func, engine),
  key: nonEmptyString,
  autoescape: boolean,
  contextProcessors: listOf(func),
  filters: functions,
  tests: functions,
  globals: object,
  defaultHelpers: boolean,
  static: either(nonEmptyString, resource),
  encoding: string,
  development: boolean
}

/** Options of one rendering for a request. */
export interface RenderOptions {
  /** Status of the response. @default that of the reply, which is 200 unless the handler has set another */
  status?: number | undefined
  /** Further headers of the response. @default {} */
  headers?: Readonly<Record<string, string>> | undefined
  /** Charset of the response. @default that of the plugin */
  encoding?: string | undefined
  /** The environment. @default 'templates' */
  key?: string | undefined
}

export const renderShape: Shape<RenderOptions> = {
  status: check('a status from 200 to 599', value => Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599),
  headers: anything,
  encoding: string,
  key: nonEmptyString
}

/** The folders as paths. @throws AIO_ERR_OPTION_INVALID when one of them is none */
export function foldersOf (option: TemplatesOptions['folder'] = []): string[] {
  return [option].flat().map(given => {
    const folder = given instanceof URL ? fileURLToPath(given) : given as string
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder
    throw new AIO_ERR_OPTION_INVALID('folder', 'the templates plugin', 'an existing folder', describe(given))
  })
}
