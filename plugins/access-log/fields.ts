/**
 * The same as fields: with aiohttp's names, or with those of the Elastic Common Schema.
 *
 * @module
 */

import type { Entry } from './entry.ts'
import type { Format } from './format.ts'

/** Fields of a line, for loggers that write objects. */
export type Fields = Record<string, unknown>

/** aiohttp's names (`extra` of its records), for the atoms of a format. */
export function fieldsOf ({ atoms }: Format): (entry: Entry) => Fields {
  return entry => {
    const fields: Fields = {}
    for (const { field, header, value } of atoms) {
      if (header === undefined) fields[field] = value(entry)
      else (fields[field] ??= {} as Fields, fields[field] as Fields)[header] = value(entry)
    }
    return fields
  }
}

/** Elastic Common Schema 8, whatever the format says. */
export function ecsFields (entry: Entry): Fields {
  const { method, remote, requestHeaders, size, start, status, time, url, version } = entry
  const [path, query] = url.split(/\?(.*)/s, 2)
  return {
    client: { ip: remote },
    event: { kind: 'event', category: ['web'], start: new Date(start).toISOString(), duration: Math.round(time * 1e6) },
    http: {
      version,
      request: { method, referrer: requestHeaders.referer },
      response: { status_code: status, bytes: size }
    },
    process: { pid: process.pid },
    url: { original: url, path, query },
    user_agent: { original: requestHeaders['user-agent'] }
  }
}
