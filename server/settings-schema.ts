/**
 * What a configuration file of the command may say; loaded only when there is one.
 *
 * @module
 */

import Type from 'typebox'

const milliseconds = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, description: `${description}, in milliseconds` }))
const count = (description: string, minimum = 0, maximum = 2 ** 31 - 1) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }))
const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))
const yesOrNo = (description: string) => Type.Optional(Type.Boolean({ description }))

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const port = Type.Integer({ minimum: 0, maximum: 65_535 })

/** The settings; each is called as its flag. */
export const settingsSchema = Type.Object({
  module: text('The module to run and its export: app.ts:create'),
  host: text('TCP host'),
  port: count('TCP port', 0, 65_535),
  path: text('Unix socket; alone it replaces TCP'),
  sites: Type.Optional(Type.Array(Type.Union([
    Type.Object({ host: Type.String({ minLength: 1 }), port }), Type.Object({ path: Type.String({ minLength: 1 }) })
  ]), { minItems: 1, description: 'Several addresses, instead of host, port and path' })),
  logLevel: Type.Optional(Type.Union(levels.map(level => Type.Literal(level)), { description: "The level of the app's log" })),
  shutdownTimeout: milliseconds('How long requests have to end'),
  shutdownDelay: milliseconds('How long to go on serving before the sites close'),
  idleGrace: milliseconds('How long idle connections still get to send a request'),
  cancelTimeout: milliseconds('How long handlers have after their signal has aborted'),
  cleanupTimeout: milliseconds('How long the cleanup may take'),
  keepAliveTimeout: milliseconds('How long an idle connection is kept'),
  hardDeadline: count('When the process is killed, in milliseconds from the beginning of the shutdown', 1),
  reusePort: yesOrNo('Each worker listens by itself'),
  workers: count('How many processes under a master', 1, 1024),
  timeout: milliseconds('After what time without a sign of life a worker is replaced'),
  maxRequests: count('After how many requests a worker is replaced'),
  maxRequestsJitter: count('How many more they may be, by chance'),
  pid: text("A file for the master's process id"),
  name: text('The title of the processes'),
  preload: yesOrNo('Import the module in the master first')
})
