/**
 * Chat rooms: who is where, what was said, and the frames in between. Knows neither Fastify nor sockets.
 *
 * Frames are JSON objects with a `type`. Whatever else a client sends is answered with an error frame;
 * everything kept per room and per client is bounded.
 *
 * @module
 */

/** The longest name, in characters. */
const maxName = 32
/** The longest message, in characters. */
const maxMessage = 2000
/** How many messages a room remembers for those who come later. */
const maxHistory = 50
/** How many frames may wait for one client before it is given up. */
const maxPending = 500
/** How many messages a client may send in `rateWindow` milliseconds. */
const maxRate = 20
const rateWindow = 10_000

/** The other end of a connection. */
export interface Peer {
  /** Sends a frame; settles when the connection has taken it. */
  send (frame: string): Promise<unknown>
  /** Ends a connection that does not keep up. */
  close (): void
}

/** Something that was said. */
export interface ChatMessage {
  readonly type: 'message'
  readonly room: string
  readonly name: string
  readonly text: string
  /** Milliseconds since 1970. */
  readonly at: number
}

interface Room {
  readonly clients: Set<Client>
  readonly history: ChatMessage[]
}

/** One connection: give it each frame that comes, and tell it when no more will come. */
export interface ChatClient {
  receive (frame: string): void
  leave (): void
}

/** What is wrong with a frame, for the error frame that answers it. */
class FrameError extends Error {
  readonly code: string

  constructor (code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** All rooms and everybody who is connected. */
export class ChatRooms {
  readonly #rooms: ReadonlyMap<string, Room>
  readonly #clients = new Set<Client>()

  constructor (names: readonly string[]) {
    this.#rooms = new Map(names.map(name => [name, { clients: new Set<Client>(), history: [] }]))
  }

  /** Adds a connection and tells it which rooms there are. */
  connect (peer: Peer): ChatClient {
    const client = new Client(this, peer)
    this.#clients.add(client)
    client.send({ type: 'rooms', rooms: [...this.#rooms.keys()] })
    return client
  }

  /** @internal */
  join (client: Client, name: string, wanted: string): void {
    const room = this.#rooms.get(name)
    if (room === undefined) throw new FrameError('room_unknown', `There is no room "${name.slice(0, maxName)}"`)
    this.exit(client)
    client.room = name
    client.name = freeName(wanted, this.#people(room))
    room.clients.add(client)
    client.send({
      type: 'joined', room: name, name: client.name, people: this.#people(room), history: room.history
    })
    this.#notice(name, room, 'join', client)
  }

  /** @internal */
  say (client: Client, text: string): void {
    const room = this.#rooms.get(client.room)
    if (room === undefined) throw new FrameError('not_joined', 'Join a room first')
    const message: ChatMessage = { type: 'message', room: client.room, name: client.name, text, at: Date.now() }
    room.history.push(message)
    if (room.history.length > maxHistory) room.history.shift()
    const activity = JSON.stringify({ type: 'activity', room: client.room })
    const frame = JSON.stringify(message)
    // Those in other rooms only learn that something was said.
    for (const other of this.#clients) other.sendText(room.clients.has(other) ? frame : activity)
  }

  /** @internal */
  exit (client: Client): void {
    const room = this.#rooms.get(client.room)
    if (room?.clients.delete(client) === true) this.#notice(client.room, room, 'leave', client)
    client.room = ''
  }

  /** @internal */
  forget (client: Client): void {
    this.#clients.delete(client)
    this.exit(client)
  }

  #notice (name: string, room: Room, kind: 'join' | 'leave', about: Client): void {
    const frame = JSON.stringify({
      type: 'notice', kind, room: name, name: about.name, people: this.#people(room), at: Date.now()
    })
    for (const client of room.clients) if (client !== about) client.sendText(frame)
  }

  #people (room: Room): string[] {
    return [...room.clients].map(client => client.name)
  }
}

class Client implements ChatClient {
  name = ''
  room = ''
  readonly #rooms: ChatRooms
  readonly #peer: Peer
  #pending = 0
  #windowStart = 0
  #count = 0

  constructor (rooms: ChatRooms, peer: Peer) {
    this.#rooms = rooms
    this.#peer = peer
  }

  receive (frame: string): void {
    try {
      this.#limitRate()
      const { type, room, name, text } = parse(frame)
      if (type === 'join') this.#rooms.join(this, checkText(room, 'room', maxName), checkText(name, 'name', maxName))
      else if (type === 'say') this.#rooms.say(this, checkText(text, 'message', maxMessage))
      else throw new FrameError('type_unknown', 'Expected a frame of type "join" or "say"')
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.send({ type: 'error', code: error.code, message: error.message })
    }
  }

  leave (): void {
    this.#rooms.forget(this)
  }

  send (frame: object): void {
    this.sendText(JSON.stringify(frame))
  }

  sendText (frame: string): void {
    if (this.#pending >= maxPending) return this.#peer.close()
    this.#pending++
    // A connection that has failed is taken out when its end is noticed.
    this.#peer.send(frame).catch(() => {}).finally(() => { this.#pending-- })
  }

  #limitRate (): void {
    const now = Date.now()
    if (now - this.#windowStart >= rateWindow) {
      this.#windowStart = now
      this.#count = 0
    }
    if (++this.#count > maxRate) throw new FrameError('too_fast', 'Too many messages: wait a few seconds')
  }
}

function parse (frame: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(frame)
  } catch {
    throw new FrameError('not_json', 'Expected JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FrameError('not_json', 'Expected a JSON object')
  }
  return { ...value }
}

function checkText (value: unknown, what: string, max: number): string {
  if (typeof value !== 'string') throw new FrameError(`${what}_invalid`, `Expected a ${what}`)
  // Control characters, and those that turn the direction of what comes after them.
  const text = value.replace(/(?!\n)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '').trim()
  if (text === '') throw new FrameError(`${what}_empty`, `The ${what} is empty`)
  if ([...text].length > max) throw new FrameError(`${what}_too_long`, `The ${what} has more than ${max} characters`)
  return text
}

/** The name, or the name with a number when somebody has it already. */
function freeName (wanted: string, taken: readonly string[]): string {
  const used = new Set(taken.map(name => name.toLowerCase()))
  const base = wanted.replace(/\s+/g, ' ')
  let name = base
  for (let number = 2; used.has(name.toLowerCase()); number++) {
    const suffix = ` (${number})`
    name = [...base].slice(0, maxName - suffix.length).join('') + suffix
  }
  return name
}
