/**
 * The packages that are only loaded where they are used.
 *
 * @module
 */

import type { FastifyPluginAsync, FastifyPluginCallback } from 'fastify'
import { AIO_ERR_OPENAPI_PACKAGE } from './errors.ts'

/** The plugin of @fastify/swagger. */
export type FastifySwagger = FastifyPluginCallback<Record<string, unknown>>

/** @throws AIO_ERR_OPENAPI_PACKAGE */
export async function loadSwagger (): Promise<FastifySwagger> {
  const { default: swagger } = await loadPackage('@fastify/swagger', () => import('@fastify/swagger'))
  return swagger as unknown as FastifySwagger
}

/** @throws AIO_ERR_OPENAPI_PACKAGE */
export async function loadUI (): Promise<FastifyPluginAsync<Record<string, unknown>>> {
  const { default: ui } = await loadPackage('@fastify/swagger-ui', () => import('@fastify/swagger-ui'))
  return ui as unknown as FastifyPluginAsync<Record<string, unknown>>
}

/** @throws AIO_ERR_OPENAPI_PACKAGE */
export async function loadPackage<Module> (name: string, importIt: () => Promise<Module>): Promise<Module> {
  try {
    return await importIt()
  } catch (error) {
    if (Object(error).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw Object.assign(new AIO_ERR_OPENAPI_PACKAGE(name), { cause: error })
  }
}
