/**
 * The programmable endpoint of the twin: does what each text message says; `;` separates several commands.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { WSMsgType, type WebSocketResponse } from '../../../plugins/websockets/index.ts'
import { described, failure, number, shown, tidy, type Journal } from './journal.ts'
import { mishap } from './mishap.ts'

/** What the commands of one connection work on. */
interface Session {
  readonly ws: WebSocketResponse
  readonly journal: Journal
  /** Tasks started by `later`. */
  readonly background: Array<Promise<unknown>>
}

/** A command: gets what follows its name. A result of `ending()` ends the handler. */
type Command = (session: Session, rest: string) => unknown

/** Ends the handler with this result. */
class Ending {
  readonly result: unknown

  constructor (result: unknown) {
    this.result = result
  }
}

/** Notes how a call went: `NAME ok`, `NAME -> RESULT` or `NAME raised Class`. */
async function attempt<Result> (
  journal: Journal, name: string, call: () => Promise<Result>, show?: (result: Result) => string
): Promise<void> {
  try {
    const result = await call()
    journal.note(show === undefined ? `${name} ok` : `${name} -> ${show(result)}`)
  } catch (error) {
    journal.note(`${name} raised ${failure(error)}`)
  }
}

const commands: Record<string, Command> = {
  send: ({ ws, journal }, rest) => attempt(journal, 'send', () => ws.sendStr(rest)),
  bytes: ({ ws, journal }, rest) => attempt(journal, 'bytes', () => ws.sendBytes(Buffer.from(rest, 'hex'))),
  json: ({ ws, journal }, rest) => attempt(journal, 'json', () => ws.sendJson(JSON.parse(rest))),
  'json-bytes': ({ ws, journal }, rest) => attempt(journal, 'json-bytes', () => ws.sendJsonBytes(JSON.parse(rest))),
  fill: ({ ws, journal }, rest) => {
    const [size, letter = ''] = split(rest)
    return attempt(journal, 'fill', () => ws.sendStr((letter || 'x').repeat(Number(size))))
  },
  'send-compressed': ({ ws, journal }, rest) => {
    const [bits, text] = split(rest)
    return attempt(journal, 'send-compressed', () => ws.sendStr(text, { compress: bits !== '0' }))
  },
  'send-wrong': ({ ws, journal }, rest) => attempt(journal, `send-wrong ${rest}`, async () => {
    // @ts-expect-error the wrong type
    if (rest === 'str') await ws.sendStr(Buffer.from('bytes'))
    // @ts-expect-error the wrong type
    else if (rest === 'bytes') await ws.sendBytes('text')
    else await ws.sendJson(Symbol('no JSON'))
  }),
  ping: ({ ws, journal }, rest) => attempt(journal, 'ping', () => ws.ping(rest)),
  pong: ({ ws, journal }, rest) => attempt(journal, 'pong', () => ws.pong(rest)),
  'ping-size': ({ ws, journal }, rest) => attempt(journal, 'ping-size', () => ws.ping('p'.repeat(Number(rest)))),
  frame: ({ ws, journal }, rest) => {
    const [opcode, data] = split(rest)
    return attempt(journal, 'frame', () => ws.sendFrame(Buffer.from(data, 'hex'), Number(opcode)))
  },
  close: ({ ws, journal }, rest) => {
    const [code, message] = split(rest)
    return attempt(journal, 'close', () => ws.close({ code: Number(code || 1000), message }), String)
  },
  'close-text': ({ ws, journal }, rest) => {
    const [code, message] = split(rest)
    return attempt(journal, 'close-text', () => ws.close({ code: Number(code), message }), String)
  },
  'close-size': ({ ws, journal }, rest) => {
    const message = 'r'.repeat(Number(rest))
    return attempt(journal, 'close-size', () => ws.close({ code: 4000, message }), String)
  },
  receive: ({ ws, journal }, rest) =>
    attempt(journal, 'receive', () => ws.receive(rest === '' ? undefined : Number(rest)), described),
  'receive-str': ({ ws, journal }) => attempt(journal, 'receive-str', () => ws.receiveStr(), shown),
  'receive-bytes': ({ ws, journal }) => attempt(journal, 'receive-bytes', () => ws.receiveBytes(), shown),
  'receive-json': ({ ws, journal }) => attempt(journal, 'receive-json', () => ws.receiveJson(), tidy),
  'receive-twice': async ({ ws, journal }) => {
    const first = ws.receive()
    await attempt(journal, 'second receive', () => ws.receive(), described)
    await attempt(journal, 'first receive', () => first, described)
  },
  'receive-times': async ({ ws, journal }, rest) => {
    for (let time = 0; time < Number(rest); time++) await attempt(journal, 'receive', () => ws.receive(), described)
  },
  'cancel-receive': async ({ ws, journal }, rest) => {
    const signal = AbortSignal.timeout(Number(rest))
    await ws.receive({ signal }).catch(() => { journal.note('receive cancelled') })
  },
  state: ({ ws, journal }) => {
    journal.note(`state closed=${ws.closed} close_code=${number(ws.closeCode)} prepared=${ws.prepared}`)
  },
  write: ({ ws, journal }) => attempt(journal, 'write', () => ws.write('x')),
  'set-status': ({ ws, journal }, rest) => attempt(journal, 'set-status', async () => { ws.setStatus(Number(rest)) }),
  sleep: (_session, rest) => sleep(Number(rest)),
  later: (session, rest) => {
    const [delay, command] = split(rest)
    session.background.push(sleep(Number(delay)).then(() => obey(session, command)))
  },
  'gather-close': async ({ ws, journal }, rest) => {
    const results = await Promise.all(Array.from({ length: Number(rest) },
      (_item, index) => ws.close({ code: 4000 + index })))
    journal.note(`gather-close -> ${results.join(' ')}`)
  },
  mishap: async (_session, rest) => new Ending(await mishap(rest)),
  return: ({ ws }) => new Ending(ws)
}

/** Obeys until the loop or a command ends; then waits for what `later` has started. */
export async function serveCommands (ws: WebSocketResponse, journal: Journal): Promise<unknown> {
  const session: Session = { ws, journal, background: [] }
  try {
    for await (const message of ws) {
      if (message.type !== WSMsgType.TEXT) {
        journal.note(`recv ${described(message)}`)
        continue
      }
      for (const line of String(message.data).split(';')) {
        const result = await obey(session, line.trim())
        if (result instanceof Ending) return result.result
      }
    }
    journal.note('loop ended')
    return ws
  } finally {
    await Promise.allSettled(session.background)
  }
}

async function obey (session: Session, line: string): Promise<unknown> {
  const [verb, rest] = split(line)
  const command = commands[verb]
  if (command === undefined) {
    session.journal.note(`unknown command ${line}`)
    return undefined
  }
  return await command(session, rest)
}

/** The first word, and what follows the blank after it. */
function split (line: string): [string, string] {
  const at = line.indexOf(' ')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}
