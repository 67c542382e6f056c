/**
 * TLS of connections: what is trusted, by which name, or by which fingerprint.
 *
 * @module
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { connect, type ConnectionOptions, type SecureContext, type TLSSocket } from 'node:tls'
import { describe } from '../../../lib/options.ts'
import {
  ClientConnectorCertificateError, ClientConnectorSSLError, ServerFingerprintMismatch, type ConnectionTarget
} from '../errors.ts'
import { AIO_ERR_CLIENT_FINGERPRINT } from '../usage-errors.ts'
import { reasonOf } from './abortable.ts'

/**
 * How TLS is checked: `true` as usual (or as the connector says), `false` not at all, a context or options of
 * `node:tls` (`ca`, `cert`, `key`, …), or a fingerprint.
 */
export type SslOption = boolean | SecureContext | TlsOptions | Fingerprint

/** What `node:tls` takes and a request may choose. */
export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'ciphers' |
  'ecdhCurve' | 'minVersion' | 'maxVersion' | 'sigalgs' | 'crl' | 'rejectUnauthorized' | 'checkServerIdentity' |
  'secureContext' | 'ALPNProtocols'>

/** The SHA-256 of a certificate: it is trusted, whoever signed it and whatever name it has. */
export class Fingerprint {
  readonly digest: Buffer

  /**
   * In hexadecimal, with or without colons, or as bytes.
   *
   * @throws AIO_ERR_CLIENT_FINGERPRINT unless it has 32 bytes
   */
  constructor (fingerprint: string | Uint8Array) {
    const isText = typeof fingerprint === 'string'
    if (isText && !/^[0-9a-f:]*$/i.test(fingerprint)) throw new AIO_ERR_CLIENT_FINGERPRINT(describe(fingerprint))
    this.digest = isText ? Buffer.from(fingerprint.replaceAll(':', ''), 'hex') : Buffer.from(fingerprint)
    if (this.digest.length !== 32) {
      throw new AIO_ERR_CLIENT_FINGERPRINT(`${this.digest.length} bytes`)
    }
  }

  /** @throws ServerFingerprintMismatch */
  check (socket: TLSSocket, target: ConnectionTarget): void {
    const got = createHash('sha256').update(socket.getPeerX509Certificate()?.raw ?? '').digest()
    if (!timingSafeEqual(got, this.digest)) throw new ServerFingerprintMismatch(this.digest, got, target)
  }
}

/** What the handshake needs to know. */
export interface TlsTarget {
  readonly host: string
  readonly port: number
  readonly ssl: SslOption
  readonly serverHostname: string | undefined
}

/**
 * Speaks TLS over a socket that is connected.
 *
 * @throws ClientConnectorCertificateError, ClientConnectorSSLError, ServerFingerprintMismatch
 */
export async function startTls (socket: Socket, target: TlsTarget, signal: AbortSignal): Promise<TLSSocket> {
  const { ssl, host, port } = target
  const name = target.serverHostname ?? host
  const secured = connect({
    ...tlsOptions(ssl),
    socket,
    host: name,
    ...isIP(name) === 0 && { servername: name },
    // What the user made is taken as it is.
    ...(typeof ssl === 'boolean' || ssl instanceof Fingerprint) && { ALPNProtocols: ['http/1.1'] }
  })
  const where: ConnectionTarget = { host, port, ssl }
  try {
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', resolve)
      secured.once('error', reject)
      // A server that goes away in the middle of the handshake ends the socket without an error.
      secured.once('close', () => { reject(new Error('The connection was closed during the TLS handshake')) })
      signal.addEventListener('abort', () => { reject(reasonOf(signal)) }, { once: true })
    })
    if (ssl instanceof Fingerprint) ssl.check(secured, where)
    return secured
  } catch (error) {
    secured.on('error', () => {})
    secured.destroy()
    if (signal.aborted || error instanceof ServerFingerprintMismatch) throw error
    throw isCertificateError(error)
      ? new ClientConnectorCertificateError(where, error)
      : new ClientConnectorSSLError(where, error as Error)
  }
}

/** The same for `node:tls`. */
export function tlsOptions (ssl: SslOption): ConnectionOptions {
  if (ssl === true) return {}
  if (ssl === false || ssl instanceof Fingerprint) return { rejectUnauthorized: false }
  return isSecureContext(ssl) ? { secureContext: ssl } : ssl
}

function isSecureContext (ssl: SecureContext | TlsOptions): ssl is SecureContext {
  return 'context' in ssl
}

const certificateCodes =
  /^(ERR_TLS_CERT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_|CRL_|HOSTNAME_MISMATCH|ERROR_IN_)/

/** Whether a handshake failed because of the certificate. */
export function isCertificateError (error: unknown): error is Error {
  return error instanceof Error && 'code' in error && certificateCodes.test(String(error.code))
}
