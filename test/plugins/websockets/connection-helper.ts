/** A handler that tells what it got. */

import type { Test } from 'tap'
import {
  WebSocketResponse, type WebSocketHandler, type WebSocketOptions, type WSMessage
} from '../../../plugins/websockets/index.ts'
import { buildApp, serve } from './helper.ts'

/** Serves one handler and gives its result as a promise. */
export async function handle<Result> (
  t: Test, options: WebSocketOptions, handler: (ws: WebSocketResponse) => Promise<Result>
): Promise<{ port: number, result: Promise<Result> }> {
  const app = await buildApp(t)
  const { promise, resolve, reject } = withResolvers<Result>()
  promise.catch(() => {})
  const wrapped: WebSocketHandler = ws => handler(ws).then(resolve, reject)
  app.websocket('/', options, wrapped)
  return { port: await serve(app), result: promise }
}

export function withResolvers<Value> () {
  let resolve!: (value: Value) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<Value>((_resolve, _reject) => { resolve = _resolve; reject = _reject })
  return { promise, resolve, reject }
}

export async function collect (ws: WebSocketResponse): Promise<WSMessage[]> {
  const messages: WSMessage[] = []
  for await (const message of ws) messages.push(message)
  return messages
}
