/**
 * Which engine: one of the two that are known by name, which are loaded when they are asked for, one of somebody's own,
 * or a function that makes one.
 *
 * @module
 */

import type { EngineFactory, EngineSetup, TemplateEngine } from './engine.ts'

/** @throws AIO_ERR_PACKAGE_MISSING */
export async function createEngine (
  engine: 'nunjucks' | 'minijinja' | TemplateEngine | EngineFactory, setup: EngineSetup
): Promise<TemplateEngine> {
  if (engine === 'nunjucks') return (await import('./nunjucks.ts')).createNunjucks(setup)
  if (engine === 'minijinja') return await (await import('./minijinja.ts')).createMinijinja(setup)
  if (typeof engine === 'function') return await engine(setup)
  const { globals } = setup
  // It knows nothing of ours: what templates may use comes with each context.
  return { render: (name, context) => engine.render(name, { ...globals, ...context }) }
}
