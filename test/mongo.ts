/**
 * A stand-in for a MongoDB server: the few commands that storages need, over its wire protocol (OP_MSG), so that the
 * official driver talks to it. What queries mean is decided by mingo.
 */

import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Query } from 'mingo'
import { BSON, type Document } from 'mongodb'
import type { Test } from 'tap'

const opMsg = 2013
const opQuery = 2004

export interface MongoStandIn {
  readonly url: string
  /** The documents of a collection, by `_id`. */
  documents (name: string): Map<unknown, Document>
  /** The indexes that were asked for. */
  readonly indexes: Document[]
}

/** Serves until the test ends. */
export async function mongoStandIn (t: Test): Promise<MongoStandIn> {
  const collections = new Map<string, Map<unknown, Document>>()
  const indexes: Document[] = []
  const documents = (name: string) => {
    const found = collections.get(name) ?? new Map<unknown, Document>()
    collections.set(name, found)
    return found
  }
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    serve(socket, command => run(command, documents, indexes))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/test`, documents, indexes }
}

/** Takes messages out of the stream and answers each. */
function serve (socket: Socket, answer: (command: Document) => Document): void {
  let buffered = Buffer.alloc(0)
  socket.on('data', chunk => {
    buffered = Buffer.concat([buffered, chunk])
    while (buffered.length >= 4 && buffered.length >= buffered.readInt32LE(0)) {
      const message = buffered.subarray(0, buffered.readInt32LE(0))
      buffered = buffered.subarray(message.length)
      const [id, code] = [message.readInt32LE(4), message.readInt32LE(12)]
      const body = Buffer.from(BSON.serialize(answer(code === opQuery ? { hello: 1 } : commandOf(message))))
      socket.write(code === opQuery ? legacyReply(id, body) : reply(id, body))
    }
  })
}

function commandOf (message: Buffer): Document {
  let at = 20
  let command: Document = {}
  while (at < message.length) {
    const kind = message[at++]
    const size = message.readInt32LE(at)
    if (kind === 0) command = { ...command, ...BSON.deserialize(message.subarray(at, at + size)) }
    else {
      const end = message.indexOf(0, at + 4)
      const name = message.toString('utf8', at + 4, end)
      const items: Document[] = []
      for (let from = end + 1; from < at + size; from += message.readInt32LE(from)) {
        items.push(BSON.deserialize(message.subarray(from, from + message.readInt32LE(from))))
      }
      command[name] = items
    }
    at += size
  }
  return command
}

function header (id: number, length: number, code: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32LE(length, 0)
  bytes.writeInt32LE(id, 8)
  bytes.writeInt32LE(code, 12)
  return bytes
}

function reply (id: number, body: Buffer): Buffer {
  return Buffer.concat([header(id, 21 + body.length, opMsg), Buffer.alloc(5), body])
}

function legacyReply (id: number, body: Buffer): Buffer {
  const facts = Buffer.alloc(20)
  facts.writeInt32LE(1, 16)
  return Buffer.concat([header(id, 36 + body.length, 1), facts, body])
}

function run (command: Document, documents: (name: string) => Map<unknown, Document>, indexes: Document[]): Document {
  const [name = ''] = Object.keys(command)
  const target = String(command[name])
  switch (name) {
    case 'hello':
    case 'ismaster':
    case 'isMaster':
      return { ok: 1, isWritablePrimary: true, maxWireVersion: 21, minWireVersion: 0, maxBsonObjectSize: 2 ** 24 }
    case 'createIndexes':
      indexes.push(...command['indexes'])
      return { ok: 1 }
    case 'find': {
      const found = matching(documents(target), command['filter']).slice(0, command['limit'] ?? Infinity)
      return { ok: 1, cursor: { id: BSON.Long.ZERO, ns: `test.${target}`, firstBatch: found } }
    }
    case 'update':
      return { ok: 1, ...update(documents(target), command['updates'][0]) }
    case 'delete': {
      const found = matching(documents(target), command['deletes'][0].q)
      for (const { _id } of found) documents(target).delete(_id)
      return { ok: 1, n: found.length }
    }
    default:
      return name === 'endSessions' || name === 'ping' ? { ok: 1 } : { ok: 0, code: 59, errmsg: `no such command: ${name}` }
  }
}

function matching (entries: Map<unknown, Document>, filter: Document): Document[] {
  const query = new Query(filter)
  return [...entries.values()].filter(document => query.test(document))
}

function update (entries: Map<unknown, Document>, { q, u, upsert }: Document): Document {
  const [found] = matching(entries, q)
  if (found !== undefined) Object.assign(found, u.$set)
  else if (upsert === true) {
    entries.set(q._id, { ...q, ...u.$set })
    return { n: 1, nModified: 0, upserted: [{ index: 0, _id: q._id }] }
  }
  return found === undefined ? { n: 0, nModified: 0 } : { n: 1, nModified: 1 }
}
