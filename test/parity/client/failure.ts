/**
 * An error as a case describes it: class, ancestors, attributes, causes.
 *
 * @module
 */

import * as client from '../../../plugins/client-session/index.ts'
import { UnknownInCase, type Spec } from './case.ts'
import { isSpec } from './values.ts'

/** What an error is shown as; `is` has every name it may be compared under. */
export interface ShownError {
  readonly is: readonly string[]
  readonly message: string
  readonly attrs: Spec
  readonly cause: readonly (readonly string[])[]
}

const treeNames = Object.entries(client)
  .filter(([, value]) => typeof value === 'function' && value.prototype instanceof Error)
  .map(([name, value]) => [name, value as new () => Error] as const)

/** Python's names of what Node reports with a code. */
const byCode: Readonly<Record<string, readonly string[]>> = {
  ECONNREFUSED: ['ConnectionRefusedError', 'ConnectionError', 'OSError'],
  ECONNRESET: ['ConnectionResetError', 'ConnectionError', 'OSError'],
  EPIPE: ['ConnectionResetError', 'BrokenPipeError', 'ConnectionError', 'OSError'],
  ENOENT: ['FileNotFoundError', 'OSError'],
  ENOTFOUND: ['gaierror', 'OSError'],
  EAI_AGAIN: ['gaierror', 'OSError'],
  ETIMEDOUT: ['TimeoutError', 'OSError'],
  ERR_ENCODING_INVALID_ENCODED_DATA: ['UnicodeDecodeError', 'UnicodeError', 'ValueError'],
  AIO_ERR_INCOMPLETE_READ: ['IncompleteReadError', 'EOFError'],
  AIO_ERR_WS_MESSAGE_TYPE: ['WSMessageTypeError'],
  AIO_ERR_WS_RECEIVE_TIMEOUT: ['TimeoutError', 'OSError'],
  AIO_ERR_WS_CLOSE_TIMEOUT: ['TimeoutError', 'OSError']
}

/** What OpenSSL and aiohttp say about a certificate, by Node's code. */
const byCertificate: Readonly<Record<string, number>> = {
  CERT_HAS_EXPIRED: 10,
  DEPTH_ZERO_SELF_SIGNED_CERT: 18,
  SELF_SIGNED_CERT_IN_CHAIN: 19,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 20,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 21,
  ERR_TLS_CERT_ALTNAME_INVALID: 62
}

/** Shows whatever was thrown; a mistake in the case itself is thrown on. */
export function showError (error: unknown): ShownError {
  if (error instanceof UnknownInCase) throw error
  if (!(error instanceof Error)) return { is: [typeof error], message: String(error), attrs: {}, cause: [] }
  const cause: string[][] = []
  for (let each = error.cause; each instanceof Error && cause.length < 3; each = each.cause) cause.push(namesOf(each))
  return { is: namesOf(error), message: error.message, attrs: attributesOf(error), cause }
}

/** Every name an error answers to: its classes here, and those of Python that mean the same. */
export function namesOf (error: Error): string[] {
  const { code } = error as NodeJS.ErrnoException
  const names = [error.constructor.name, error.name]
  names.push(...treeNames.filter(([, Class]) => error instanceof Class).map(([name]) => name))
  names.push(...byCode[String(code)] ?? [])
  if (code !== undefined && code in byCertificate) names.push('SSLCertVerificationError', 'SSLError', 'OSError')
  if (/^ERR_SSL_|^EPROTO$/.test(String(code))) names.push('SSLError', 'OSError')
  if (error instanceof SyntaxError) names.push('JSONDecodeError', 'ValueError')
  if (error instanceof TypeError || error instanceof RangeError) names.push('TypeError', 'ValueError', 'UnicodeEncodeError')
  if (error.name === 'AbortError') names.push('CancelledError')
  if (error.name === 'TimeoutError') names.push('OSError')
  const plain = !(error instanceof TypeError || error instanceof RangeError || error instanceof client.ClientError)
  if (plain && typeof code === 'string') names.push('RuntimeError')
  return [...new Set(names)]
}

function attributesOf (error: Error): Spec {
  const attrs: Record<string, unknown> = {}
  if (error instanceof client.ClientResponseError) {
    const { status, reason, history, requestInfo: { method, url, realUrl }, headers } = error
    Object.assign(attrs, {
      status,
      message: shorten(reason),
      history: history.map(response => response.status),
      request: { method, url: String(url), ...(String(realUrl) !== String(url) && { real_url: String(realUrl) }) },
      headers: headers === undefined ? null : 'present'
    })
  }
  if (error instanceof client.ClientConnectorError) {
    const { host, port, ssl, osError } = error
    Object.assign(attrs, { host, port, ssl: nameOfSsl(ssl), os_error: showOsError(osError) })
    if (error instanceof client.UnixClientConnectorError) attrs.path = error.path
    if (error instanceof client.ClientConnectorCertificateError) {
      attrs.certificate_error = showOsError(error.certificateError)
    }
  } else if (error instanceof client.ClientOSError && error.code !== undefined) attrs.errno = error.code
  if (error instanceof client.InvalidURL) {
    Object.assign(attrs, { url: error.url ?? null, description: error.description ?? null })
  }
  if (error instanceof client.ServerFingerprintMismatch) {
    const { expected, got, host, port } = error
    Object.assign(attrs, { expected: expected.toString('hex'), got: got.toString('hex'), host, port })
  }
  const { partial, expected } = error as { partial?: unknown, expected?: unknown }
  if (partial instanceof Uint8Array) Object.assign(attrs, { partial: Buffer.from(partial).toString('latin1'), expected })
  return attrs
}

/** Long ones are cut as the recording does. */
export function shorten (text: string): string {
  return text.length < 200 ? text : `${text.slice(0, 200)}...`
}

function nameOfSsl (ssl: unknown): unknown {
  if (typeof ssl === 'boolean' || ssl === undefined) return ssl ?? true
  return ssl instanceof client.Fingerprint ? 'Fingerprint' : 'SSLContext'
}

function showOsError (error: unknown): Spec {
  if (!(error instanceof Error)) return { class: String(error) }
  const { code = '' } = error as NodeJS.ErrnoException
  if (code in byCertificate) {
    return { class: 'SSLCertVerificationError', reason: 'CERTIFICATE_VERIFY_FAILED', verify_code: byCertificate[code] }
  }
  if (/^ERR_SSL_/.test(code)) return { class: 'SSLError', reason: code.slice('ERR_SSL_'.length) }
  if (code === 'ENOTFOUND') return { class: 'gaierror', errno: 'EAI_NONAME' }
  return { class: byCode[code]?.[0] ?? error.name, errno: code }
}

/** Whether a value is an error that was shown. */
export function isShownError (value: unknown): value is ShownError {
  return isSpec(value) && Array.isArray(value.is) && Array.isArray(value.cause)
}
