/**
 * What may be asked of a test server: paths, no other servers.
 *
 * @module
 */

import { describe } from '../../lib/options.ts'
import { AIO_ERR_TEST_URL } from './errors.ts'

/**
 * A path with a slash in front, its query and fragment as given.
 *
 * @throws AIO_ERR_TEST_URL for a URL with a scheme or a host
 */
export function pathUrl (path: string): string {
  // Two slashes in front are a host, and a backslash counts as one in places.
  if (typeof path !== 'string' || /^\s*([a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(path)) throw new AIO_ERR_TEST_URL(describe(path))
  return path.startsWith('/') ? path : `/${path}`
}
