/**
 * Where the document is answered: JSON, YAML, and the page.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import { stringifyYAML } from 'confbox/yaml'
import type { ApiDocument } from './document.ts'
import type { OpenApiOptions } from './options.ts'
import { loadUI, type FastifySwagger } from './packages.ts'

interface Page { readonly document: ApiDocument, readonly swagger: FastifySwagger, readonly ui: object }

/** It changes with the routes: caches have to ask. */
const CACHE = 'no-cache'
const schema: FastifySchema & { hide: boolean } = { hide: true }

/** Adds the routes of the document. */
export async function addPages (
  app: FastifyInstance, document: ApiDocument, swagger: FastifySwagger, options: OpenApiOptions
): Promise<void> {
  const { path = '/docs', json = '/openapi.json', yaml = '/openapi.yaml' } = options
  if (json !== false) {
    app.get(json, { schema }, async (_request, reply) => reply.header('cache-control', CACHE).send(document.current))
  }
  if (yaml !== false) {
    app.get(yaml, { schema }, async (_request, reply) =>
      reply.header('cache-control', CACHE).type('application/yaml').send(stringifyYAML(document.current)))
  }
  if (path !== false) await addPage(app, path, { document, swagger, ui: options.ui ?? {} })
}

/** Swagger UI, all of whose files come from here; in a context of its own, for it needs a decorator of its own. */
async function addPage (app: FastifyInstance, path: string, { document, swagger, ui }: Page): Promise<void> {
  const page = await loadUI()
  await app.register(async scope => {
    if (!scope.hasPlugin('@fastify/swagger')) {
      await scope.register(swagger, { mode: 'static', specification: { document: {} } })
    }
    await scope.register(page, {
      routePrefix: path,
      // Without the bar on top, which asks for the address of another document.
      uiConfig: { layout: 'BaseLayout', ...ui },
      uiHooks: { onRequest: addSlash(path) },
      transformSpecification: () => document.current,
      transformSpecificationClone: false
    })
  })
}

/** `/docs` is `/docs/`; relative, so that it also holds behind a proxy that adds a prefix. */
function addSlash (path: string) {
  return async function redirect (request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const [asked = ''] = request.raw.url?.split('?') ?? []
    if (!asked.endsWith(path)) return
    return reply.redirect(`${path.slice(path.lastIndexOf('/') + 1)}/`, 301)
  }
}
