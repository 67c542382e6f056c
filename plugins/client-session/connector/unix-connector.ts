/**
 * Connections over a Unix socket: whatever host a URL names, the server behind the path answers.
 *
 * @module
 */

import { connect, type Socket } from 'node:net'
import { AIO_ERR_OPTION_INVALID } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'
import { UnixClientConnectorError } from '../errors.ts'
import { abortable } from './abortable.ts'
import { BaseConnector, type ConnectorOptions, type OpenContext } from './base-connector.ts'
import type { ConnectTarget } from './target.ts'
import { limited } from './tcp-connector.ts'
import { startTls } from './tls.ts'

/** Options of `new UnixConnector()`. */
export interface UnixConnectorOptions extends ConnectorOptions {
  /** Where the socket is; on Windows the name of a pipe. */
  path: string
}

/** Reaches a server by a path. */
export class UnixConnector extends BaseConnector {
  override readonly protocols: ReadonlySet<string> = new Set(['http:', 'https:', 'ws:', 'wss:'])
  readonly path: string

  constructor ({ path, ...options }: UnixConnectorOptions) {
    if (typeof path !== 'string' || path === '') {
      throw new AIO_ERR_OPTION_INVALID('path', 'UnixConnector', 'a non-empty string', describe(path))
    }
    super(options)
    this.path = path
  }

  protected override async open (target: ConnectTarget, context: OpenContext): Promise<Socket> {
    const { url, ssl, serverHostname } = target
    const place = { host: url.hostname, port: url.port, ssl }
    return await limited(context, url, async signal => {
      const socket = connect({ path: this.path })
      try {
        await abortable(new Promise<void>((resolve, reject) => {
          socket.once('connect', resolve)
          socket.once('error', error => { reject(new UnixClientConnectorError(this.path, place, error)) })
        }), signal)
        socket.removeAllListeners('error')
        return url.secure ? await startTls(socket, { ...place, serverHostname }, signal) : socket
      } catch (error) {
        socket.on('error', () => {}).destroy()
        throw error
      }
    })
  }
}
