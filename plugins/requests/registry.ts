/**
 * Which request has which facts and which body, and when a body is done with.
 *
 * @module
 */

import { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Body, type BodyOptions } from './body.ts'
import { cloneRequest, type CloneOptions } from './clone.ts'
import { AIO_ERR_CLONE_READ } from './errors.ts'
import { Facts, type FactsOptions } from './facts.ts'
import { MultiDict } from './multi-dict.ts'
import type { RequestsOptions } from './options.ts'

/** The facts of the requests of one app, as far as somebody has asked for them. */
export class Registry {
  readonly #app: FastifyInstance
  readonly #clientMaxSize: number | undefined
  readonly #bodyOptions: BodyOptions
  readonly #factsOptions: FactsOptions
  readonly #facts = new WeakMap<FastifyRequest, Facts>()
  readonly #bodies = new WeakMap<IncomingMessage, Body>()
  /** The bodies that end with a connection; one listener for all of them. */
  readonly #connections = new WeakMap<EventEmitter, Set<Body>>()

  constructor (app: FastifyInstance, options: RequestsOptions) {
    const {
      clientMaxSize, decompress = true, lingeringTime = 10_000, maxFieldSize = 8190, maxFieldsSize = 8 * 1024 ** 2,
      maxHeaders = 128, maxParts = 10_000, spoolFolder, spoolSize = 1024 ** 2
    } = options
    const { onProtoPoisoning, onConstructorPoisoning } = app.initialConfig
    this.#app = app
    this.#clientMaxSize = clientMaxSize
    this.#bodyOptions = { decompress, lingeringTime, spool: { memory: spoolSize, folder: spoolFolder } }
    this.#factsOptions = {
      maxFieldSize,
      maxFieldsSize,
      maxHeaders,
      maxParts,
      poisoning: { protoAction: onProtoPoisoning, constructorAction: onConstructorPoisoning }
    }
  }

  facts (request: FastifyRequest): Facts {
    let facts = this.#facts.get(request)
    if (facts === undefined) {
      const { config, bodyLimit } = request.routeOptions
      const clientMaxSize = config.clientMaxSize ?? this.#clientMaxSize ?? bodyLimit
      facts = new Facts(request, this.#body(request.raw), clientMaxSize, this.#factsOptions)
      this.#facts.set(request, facts)
    }
    return facts
  }

  clone (request: FastifyRequest, options: CloneOptions = {}): FastifyRequest {
    const { body, clientMaxSize } = this.facts(request)
    if (body.wasRead) throw new AIO_ERR_CLONE_READ()
    const clone = cloneRequest(request, options)
    this.#facts.set(clone, new Facts(clone, body, clientMaxSize, this.#factsOptions, {
      authority: options.host,
      clientMaxSize: options.clientMaxSize,
      headers: options.headers === undefined ? undefined : toMultiDict(clone.headers),
      remote: options.remote,
      scheme: options.scheme
    }))
    return clone
  }

  /** Tidies up behind a request whose response is finished, when there is something to tidy up. */
  dispose (request: FastifyRequest): Promise<void> | undefined {
    const body = this.#bodies.get(request.raw)
    if (body === undefined) return undefined
    this.#connections.get(connectionOf(request.raw))?.delete(body)
    return body.dispose()
  }

  #body (raw: IncomingMessage): Body {
    let body = this.#bodies.get(raw)
    if (body === undefined) {
      const made: Body = new Body(raw, this.#bodyOptions, () => this.#disposeAtClose(raw, made))
      this.#bodies.set(raw, body = made)
    }
    return body
  }

  /** A client that goes away gets no response; then the end of its connection is that of the request. */
  #disposeAtClose (raw: IncomingMessage, body: Body): void {
    const connection = connectionOf(raw)
    const bodies = this.#connections.get(connection) ?? this.#watch(connection)
    bodies.add(body)
    // Read to the end, and nothing kept of it on disk: there is nothing to wait for.
    raw.once('close', () => { if (!body.hasFiles) bodies.delete(body) })
  }

  #watch (connection: EventEmitter): Set<Body> {
    const bodies = new Set<Body>()
    this.#connections.set(connection, bodies)
    connection.once('close', () => {
      for (const body of bodies) {
        body.dispose().catch((error: unknown) => this.#app.log.error({ err: error }, 'Cannot remove uploaded files'))
      }
    })
    return bodies
  }
}

/** What ends when the client goes away: the stream of HTTP/2, else the socket. */
function connectionOf (raw: IncomingMessage): EventEmitter {
  return 'stream' in raw && raw.stream instanceof EventEmitter ? raw.stream : raw.socket
}

function toMultiDict (headers: IncomingHttpHeaders): MultiDict {
  return new MultiDict(Object.entries(headers).map(([name, value]) => [name, String(value)]), { ignoreCase: true })
}
