/**
 * What a case asks of a response: its properties, its body, its stream.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientResponse } from '../../../plugins/client-session/index.ts'
import { UnknownInCase, type Spec } from './case.ts'
import { showCookies } from './jar.ts'
import { showError } from './failure.ts'
import { named, translate } from './options.ts'
import { camel } from './traces.ts'
import { isSpec, showBytes, showText } from './values.ts'

/** Status, URL and history of a response, then what reading it gives, then what was asked for. */
export async function respond (step: Spec, response: ClientResponse): Promise<Spec> {
  const { read: how = 'text', report: names = [] } = step
  const out: Record<string, unknown> = { status: response.status, url: String(response.url) }
  if (response.history.length > 0) out.history = response.history.map(each => [each.status, String(each.url)])
  if (how !== 'none') {
    try {
      Object.assign(out, await read(response, how))
    } catch (error) {
      out.read_error = showError(error)
    }
  }
  return Object.assign(out, report(response, names as string[]))
}

/** The body in one of the ways a case may ask for. */
export async function read (response: ClientResponse, how: unknown): Promise<Spec> {
  if (how === 'text') return { text: showText(await response.text()) }
  if (how === 'json') return { json: await response.json() }
  if (how === 'bytes') return { bytes: showBytes(await response.read()) }
  if (Array.isArray(how)) {
    const reads = []
    for (const each of how as [string, ...unknown[]][]) reads.push(await readContent(response, ...each))
    return { reads }
  }
  if (isSpec(how) && isSpec(how.text)) {
    const options = translate('option of text()', how.text, { encoding: named('encoding'), errors: named('errors') })
    return { text: showText(await response.text(options)) }
  }
  if (isSpec(how) && isSpec(how.json)) {
    const options = translate('option of json()', how.json, {
      content_type: named('contentType'), encoding: named('encoding')
    })
    return { json: await response.json(options) }
  }
  throw new UnknownInCase('way to read', how)
}

async function readContent (response: ClientResponse, name: string, ...args: unknown[]): Promise<unknown> {
  const call = contentCalls[name]
  if (call === undefined) throw new UnknownInCase('call on response.content', name)
  try {
    return await call(response, ...args)
  } catch (error) {
    return { error: showError(error) }
  }
}

type ContentCall = (response: ClientResponse, ...args: unknown[]) => unknown

const contentCalls: Readonly<Record<string, ContentCall>> = {
  read: async ({ content }, size) => showBytes(await content.read(size as number | undefined)),
  readany: async ({ content }) => showBytes(await content.readAny()),
  readline: async ({ content }) => showBytes(await content.readLine()),
  readexactly: async ({ content }, size) => showBytes(await content.readExactly(size as number)),
  readuntil: async ({ content }, mark = '\n') => showBytes(await content.readUntil(Buffer.from(String(mark)))),
  async readchunk ({ content }) {
    const [chunk, end] = await content.readChunk()
    return [showBytes(chunk), end]
  },
  at_eof: ({ content }) => content.atEof(),
  is_eof: ({ content }) => content.isEof(),
  lines: async ({ content }) => (await all(content)).map(showBytes),
  iter_chunked: async ({ content }, size) => (await all(content.iterChunked(size as number))).map(showBytes),
  iter_any: async ({ content }) => showBytes(Buffer.concat(await all(content.iterAny()))),
  iter_chunks: async ({ content }) => (await all(content.iterChunks())).map(([chunk, end]) => [showBytes(chunk), end]),
  async largest_iter_any ({ content }, most) {
    let largest = 0
    for await (const chunk of content.iterAny()) largest = Math.max(largest, chunk.length)
    return largest <= Number(most)
  },
  total_bytes: ({ content }) => content.totalBytes,
  total_raw_bytes: ({ content }) => content.totalRawBytes,
  text: response => response.text(),
  async two_readers ({ content }) {
    const first = content.read(1)
    // It never gets anything once the other has failed.
    first.catch(() => {})
    await sleep(10)
    return showBytes(await content.read(1))
  },
  sleep: (_response, ms) => sleep(Number(ms), null)
}

async function all<Item> (items: AsyncIterable<Item>): Promise<Item[]> {
  const found = []
  for await (const item of items) found.push(item)
  return found
}

/** Properties of a response by the recording's names. */
export function report (response: ClientResponse, names: readonly string[]): Spec {
  return Object.fromEntries(names.map(name => [name, property(response, name)]))
}

const properties: Readonly<Record<string, (response: ClientResponse) => unknown>> = {
  cookies: ({ cookies }) => showCookies(cookies.values()),
  raw_headers: ({ rawHeaders }) => rawHeaders.map(pair => pair.map(each => Buffer.from(each).toString('latin1'))),
  headers: ({ headers }) => [...headers.entries()],
  history: ({ history }) => history.map(({ status, method, url }) => ({ status, method, url: String(url) })),
  request_info ({ requestInfo: { method, url, realUrl } }) {
    return { method, url: String(url), real_url: String(realUrl) }
  },
  links: ({ links }) => Object.fromEntries([...links].map(([name, link]) =>
    [name, Object.fromEntries(Object.entries(link).map(([key, value]) => [key, String(value)]))])),
  connection: ({ connection }) => connection == null ? 'returned' : 'held',
  encoding: response => response.getEncoding(),
  content_disposition ({ contentDisposition: found }) {
    if (found == null) return null
    const { type, filename = null, parameters } = found
    return { type, filename, parameters: Object.fromEntries(entriesOf(parameters)) }
  }
}

function entriesOf (parameters: object): Iterable<readonly [string, unknown]> {
  return parameters instanceof Map ? parameters : Object.entries(parameters)
}

function property (response: ClientResponse, name: string): unknown {
  if (name.startsWith('header:')) {
    const values = response.headers.getAll(name.slice('header:'.length))
    return values.length === 0 ? null : values
  }
  const known = properties[name]
  if (known !== undefined) return known(response)
  const [holder, key]: [object, string] = name.startsWith('content.')
    ? [response.content, camel(name.slice('content.'.length))]
    : [response, camel(name)]
  if (!(key in holder)) throw new UnknownInCase('property of a response', name)
  const value: unknown = Reflect.get(holder, key)
  return typeof value === 'object' && value !== null ? String(value) : value ?? null
}
