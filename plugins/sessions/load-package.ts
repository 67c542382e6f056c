/**
 * Packages that only some storages need: loaded when one of those is used.
 *
 * @module
 */

import { AIO_ERR_SESSION_PACKAGE } from './errors.ts'

/** @throws AIO_ERR_SESSION_PACKAGE */
export async function loadPackage<Module> (
  name: string, where: string, load: () => Promise<Module>
): Promise<Module> {
  try {
    return await load()
  } catch (cause) {
    throw Object.assign(new AIO_ERR_SESSION_PACKAGE(name, where), { cause })
  }
}
