/**
 * A hook of Node's module loader: what is imported by a module that was loaded afresh is loaded afresh, too.
 *
 * Such a module carries its generation in the query of its URL, and passes it on. Node runs this in the main thread
 * where it can (`module.registerHooks`), in a thread of its own elsewhere (`module.register`).
 *
 * @module
 */

import type { MessagePort } from 'node:worker_threads'

/** What the hook has to know. */
export interface ReloadOptions {
  /** Beginnings of URLs that are never loaded afresh. */
  readonly kept: readonly string[]
}

/** What Node hands to a hook, as far as we use it. */
interface Context {
  readonly parentURL?: string | undefined
}

interface Resolved {
  readonly url: string
}

/** A hook for synchronous and asynchronous loaders. */
type Resolve = <Found extends Resolved | Promise<Resolved>>(
  specifier: string, context: Context, next: (specifier: string, context: Context) => Found
) => Found

const parameter = 'reload'

/** The URL of a module in its `generation`. */
export function markedUrl (url: string, generation: string): string {
  const marked = new URL(url)
  marked.searchParams.set(parameter, generation)
  return marked.href
}

/** Whether a module belongs to the project: packages are loaded once. */
export function isOfProject (url: string, { kept }: ReloadOptions): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/') && !kept.some(prefix => url.startsWith(prefix))
}

/** Makes the hook; `report` is told the URL of each module of the project. */
export function createResolve (options: ReloadOptions, report: (url: string) => void): Resolve {
  const finish = (found: Resolved, generation: string): Resolved => {
    if (!isOfProject(found.url, options)) return found
    report(found.url)
    return { ...found, url: markedUrl(found.url, generation) }
  }
  const resolve = (specifier: string, context: Context, next: (specifier: string, context: Context) => unknown) => {
    const found = next(specifier, context) as Resolved | Promise<Resolved>
    const generation = generationOf(context.parentURL)
    if (generation === null) return found
    return found instanceof Promise ? found.then(found => finish(found, generation)) : finish(found, generation)
  }
  return resolve as Resolve
}

function generationOf (url: string | undefined): string | null {
  return url === undefined || !url.includes(parameter) ? null : new URL(url).searchParams.get(parameter)
}

/** The hook of the thread that this module runs in; Node asks for a module with these two names. */
const hook: { resolve: Resolve } = { resolve: (specifier, context, next) => next(specifier, context) }

/** Called once by `module.register()`. */
export function initialize ({ port, ...options }: ReloadOptions & { port: MessagePort }): void {
  hook.resolve = createResolve(options, url => { port.postMessage(url) })
}

export const resolve: Resolve = (specifier, context, next) => hook.resolve(specifier, context, next)
