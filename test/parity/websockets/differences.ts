/**
 * Where the twin answers neither as recorded nor as the transcript's own note on the RFC: the rule, and what
 * comes instead. The replay test plays every entry; `docs/differences.md` names every rule by its title.
 *
 * @module
 */

/** One step of a transcript. */
export type Step = Readonly<Record<string, unknown>>

/** A rule, with the transcripts it changes. */
export interface Difference {
  /** The heading in docs/differences.md. */
  readonly title: string
  /** Names of transcripts, and the steps that are ours. */
  readonly transcripts: Readonly<Record<string, readonly Step[]>>
}

const open: Step = { http: { status: 101 } }
const goodbye: readonly Step[] = [
  { send: { opcode: 'close', payload: { code: 1000 } } },
  { expectClose: { code: 1000 } },
  { expectEof: true }
]

function text (opcode: string, payload: string): Step {
  return { [opcode]: { opcode: 'text', payload: { text: payload } } }
}

export const differences: readonly Difference[] = [
  {
    title: 'What is no HTTP is refused in other words',
    transcripts: {
      'fail-no-host': [{ http: { status: 400 } }, { expectEof: true }],
      'fail-hixie-76': [{ http: { status: 400, body: 'Unsupported version: ' } }, { expectOpen: true }]
    }
  },
  {
    title: 'Another version than 13 is 426',
    transcripts: {
      'fail-then-next-request': [
        { http: { status: 426, headers: { 'sec-websocket-version': '13' }, body: 'Unsupported version: 99' } },
        { request: { method: 'GET', target: '/hello', httpVersion: '1.1', headers: [['Host', '127.0.0.1']] } },
        { http: { status: 200, body: 'hello' } },
        { expectOpen: true }
      ]
    }
  },
  {
    title: 'What RFC 6455 forbids to send is refused',
    transcripts: {
      'close-from-server-no-code': [
        open, { expectClose: { code: 1011 } }, { send: { opcode: 'close', payload: { code: 1000 } } }, { expectEof: true }
      ],
      'close-from-server-reason-200': [
        open, text('send', 'close-size 200'), text('send', 'send still open'), text('expect', 'still open'), ...goodbye
      ],
      'ping-from-server-too-large': [
        open, text('send', 'ping-size 126'), text('send', 'send still open'), text('expect', 'still open'), ...goodbye
      ],
      'deflate-forced-per-message': [
        open, text('send', 'send-compressed 15 squeezed; send plain'), text('expect', 'squeezed'),
        text('expect', 'plain'), ...goodbye
      ]
    }
  },
  {
    title: 'The limit of a message is exclusive, compressed or not',
    transcripts: {
      'limit-inflated-1024': [
        open, { send: { opcode: 'text', rsv: 4, payload: { hex: '4a4c1c05a360148c540000' } } },
        { expectClose: { code: 1009 } }, { expectEof: true }
      ]
    }
  },
  {
    title: 'At shutdown every websocket hears 1001',
    transcripts: {
      'shutdown-no-registry-client-talks': [
        open, { shutdown: true }, { expectClose: { code: 1001, reason: 'Server shutdown' } },
        text('send', 'anyone?'), { expectNothing: 100 }, { send: { opcode: 'close', payload: { code: 1001 } } },
        { expectEof: true }, { expectStopped: true }
      ],
      'shutdown-no-registry-client-closes': [
        open, { shutdown: true }, { expectClose: { code: 1001, reason: 'Server shutdown' } },
        { send: { opcode: 'close', payload: { code: 1000 } } }, { expectEof: true }, { expectStopped: true }
      ],
      'shutdown-no-registry-client-leaves': [
        open, { shutdown: true }, { expectClose: { code: 1001, reason: 'Server shutdown' } },
        { destroy: true }, { expectStopped: true, after_ms: [0, 400] }
      ]
    }
  }
]
