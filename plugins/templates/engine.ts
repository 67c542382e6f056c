/**
 * What an engine of templates has to be able to do, and what it is given.
 *
 * @module
 */

import type { TemplateFiles } from './files.ts'

/** Names and values for a template. */
export type TemplateContext = Readonly<Record<string, unknown>>

/** A function behind `|`; the value comes first. It may give a promise where the engine waits for one. */
export type TemplateFilter = (...values: never[]) => unknown

/** Renders templates by name. */
export interface TemplateEngine {
  /** @throws AIO_ERR_TEMPLATE_NOT_FOUND, TemplateError */
  render (name: string, context: TemplateContext): string | Promise<string>
}

/** What an engine of one's own is made with. */
export interface EngineSetup {
  /** Where templates are found. */
  readonly files: TemplateFiles
  /** Escapes what is written out, unless it is marked as safe. */
  readonly autoescape: boolean
  readonly filters: Readonly<Record<string, TemplateFilter>>
  readonly tests: Readonly<Record<string, (...values: never[]) => boolean>>
  /** Helpers included. */
  readonly globals: Readonly<Record<string, unknown>>
  /** Files may change, and errors may be told. */
  readonly development: boolean
}

/** Makes an engine. */
export type EngineFactory = (setup: EngineSetup) => TemplateEngine | Promise<TemplateEngine>
