/**
 * WWW-Authenticate with Digest (RFC 7616): what a server asks for.
 *
 * @module
 */

import { ClientError } from '../errors.ts'

/** What a response has to be computed from. */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly opaque: string | undefined
  /** As the server wrote it. */
  readonly algorithm: string
  /** Node's name of the hash. */
  readonly hash: string
  /** Whether a session key is derived (`-sess`). */
  readonly session: boolean
  readonly qop: readonly ('auth' | 'auth-int')[]
  /** The places that take the same credentials; none for the whole origin. */
  readonly domain: readonly string[]
}

const hashes: Readonly<Record<string, string>> = {
  MD5: 'md5',
  SHA: 'sha1',
  'SHA-256': 'sha256',
  SHA256: 'sha256',
  'SHA-512': 'sha512',
  SHA512: 'sha512',
  'SHA-512-256': 'sha512-256'
}

/**
 * The first challenge that can be answered; `undefined` when none is Digest's.
 *
 * @throws ClientError when none of Digest's can be answered
 */
export function digestChallenge (headers: Iterable<string>): DigestChallenge | undefined {
  let failure: unknown
  for (const header of headers) {
    for (const { scheme, parameters } of challengesOf(header)) {
      if (scheme !== 'digest' || parameters.size === 0) continue
      try {
        return checked(parameters)
      } catch (error) {
        failure ??= error
      }
    }
  }
  if (failure !== undefined) throw failure
  return undefined
}

function checked (parameters: ReadonlyMap<string, string>): DigestChallenge {
  const algorithm = parameters.get('algorithm') ?? 'MD5'
  const [, name = '', session] = /^(.*?)(-sess)?$/i.exec(algorithm) ?? []
  const hash = hashes[name.toUpperCase()]
  const nonce = parameters.get('nonce')
  const realm = parameters.get('realm')
  const offered = (parameters.get('qop') ?? '').toLowerCase().split(',').map(item => item.trim()).filter(item => item !== '')
  const qop = offered.filter(item => item === 'auth' || item === 'auth-int')
  if (realm === undefined) throw new ClientError("Malformed Digest auth challenge: Missing 'realm' parameter")
  if (nonce === undefined) throw new ClientError("Malformed Digest auth challenge: Missing 'nonce' parameter")
  if (nonce === '') throw new ClientError("Security issue: Digest auth challenge contains empty 'nonce' value")
  if (qop.length < 1 && offered.length > 0) {
    throw new ClientError(`Digest auth error: Unsupported Quality of Protection (qop) value(s): ${offered.join(', ')}`)
  }
  if (hash === undefined) {
    const supported = Object.keys(hashes).join(', ')
    throw new ClientError(`Digest auth error: Unsupported hash algorithm: ${algorithm}. Supported algorithms: ${supported}, each also with -sess`)
  }
  return {
    realm,
    nonce,
    opaque: parameters.get('opaque'),
    algorithm,
    hash,
    session: session !== undefined,
    qop,
    domain: (parameters.get('domain') ?? '').split(/\s+/).filter(uri => uri !== '')
  }
}

/** Each scheme of a header with its parameters; of two with one name the first counts. */
function challengesOf (header: string): { scheme: string, parameters: Map<string, string> }[] {
  const challenges: { scheme: string, parameters: Map<string, string> }[] = []
  const item = /([!#$%&'*+\-.^`|~\w]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g
  for (const [whole, name = '', quoted, plain] of header.matchAll(item)) {
    const key = name.toLowerCase()
    if (whole === name) challenges.push({ scheme: key, parameters: new Map() })
    const parameters = challenges.at(-1)?.parameters
    if (whole !== name && parameters?.has(key) === false) {
      parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
    }
  }
  return challenges
}
