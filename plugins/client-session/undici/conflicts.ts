/**
 * What only our own connections can do: refused where requests go another way, never left out.
 *
 * @module
 */

import { proxyFromEnv } from '../proxy-env.ts'
import type { ClientRequest } from '../request.ts'
import type { ClientTimeout } from '../timeouts.ts'
import { AIO_ERR_CLIENT_CONFLICT } from '../usage-errors.ts'

/** @throws AIO_ERR_CLIENT_CONFLICT */
export function refuseWhatIsOurs ({ call, url, headers }: ClientRequest): void {
  const { options, settings: { options: session, http2 } } = call
  const limits = options.timeout === undefined ? session.timeout : options.timeout
  const timeout: ClientTimeout = typeof limits === 'object' && limits !== null ? limits : {}
  const ours: Record<string, unknown> = {
    'timeout.connect': timeout.connect,
    'timeout.socketConnect': timeout.socketConnect,
    'timeout.idle': timeout.idle,
    'timeout.write': timeout.write,
    maxLineSize: options.maxLineSize ?? session.maxLineSize,
    maxFieldSize: options.maxFieldSize ?? session.maxFieldSize,
    maxHeaders: options.maxHeaders ?? session.maxHeaders,
    expect100: options.expect100,
    chunked: options.chunked,
    proxy: options.proxy ?? session.proxy,
    'a proxy of the environment': session.trustEnv === true && proxyFromEnv(url) !== undefined,
    serverHostname: options.serverHostname,
    // What is checked by default is checked by every dispatcher.
    ssl: http2 === undefined && options.ssl !== true ? options.ssl ?? null : null,
    "version '1.0'": session.version === '1.0',
    'readUntilEof: false': options.readUntilEof === false
  }
  for (const name of ['expect', 'connection', 'transfer-encoding']) ours[`the header ${name}`] = headers.get(name)
  const instead = http2 === undefined ? 'dispatcher' : 'http2'
  for (const [name, value] of Object.entries(ours)) {
    const unused = value === undefined || value === null || value === 0 || (value === false && name !== 'ssl')
    if (!unused) throw new AIO_ERR_CLIENT_CONFLICT(name, instead)
  }
}
