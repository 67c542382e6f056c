/**
 * Usage errors of routes that come and go; the others are in `lib/errors.ts`.
 *
 * @module
 */

import createError from '@fastify/error'

/** A live route whose requests another route would get. Arguments: method, path, who would get them. */
export const AIO_ERR_ROUTE_SHADOWED = createError<[string, string, string]>(
  'AIO_ERR_ROUTE_SHADOWED', 'Cannot add the route %s %s while the app runs: %s would get its requests')

/** A route taken away twice. Argument: what. */
export const AIO_ERR_ROUTE_REMOVED = createError<[string]>(
  'AIO_ERR_ROUTE_REMOVED', 'Cannot remove or replace %s: it has been removed already')

/** A route that was there at start, to be taken away. Argument: the route. */
export const AIO_ERR_ROUTE_FIXED = createError<[string]>(
  'AIO_ERR_ROUTE_FIXED', 'Cannot remove or replace %s: it was added before the app was ready, and stays')

/** A route for a context that has no place for live routes. Argument: what. */
export const AIO_ERR_ROUTE_CONTEXT = createError<[string]>(
  'AIO_ERR_ROUTE_CONTEXT',
  'Cannot add %s here while the app runs: expected the app the routes plugin is registered in, a sub-application, a domain or a plugged plugin')

/** A schema that cannot be compiled. Arguments: route, part, why. */
export const AIO_ERR_ROUTE_SCHEMA = createError<[string, string, string, { cause: unknown }]>(
  'AIO_ERR_ROUTE_SCHEMA', 'Invalid schema for the %s of %s: %s', 500, TypeError)

/** An option of a live route that cannot be. Arguments: option, route, what was expected, what came. */
export const AIO_ERR_ROUTE_OPTION = createError<[string, string, string, string]>(
  'AIO_ERR_ROUTE_OPTION', 'Invalid option "%s" for the live route %s: expected %s, got %s', 500, TypeError)

/** A plugin that cannot be plugged. Arguments: what it asked for, why not. */
export const AIO_ERR_PLUG = createError<[string, string]>(
  'AIO_ERR_PLUG', 'Cannot plug a plugin that uses %s: %s')

/** A plugin that was never registered. Arguments: who needs it, which one. */
export const AIO_ERR_PLUGIN_MISSING = createError<[string, string]>(
  'AIO_ERR_PLUGIN_MISSING', 'The plugin %s needs the plugin "%s": register it before')
