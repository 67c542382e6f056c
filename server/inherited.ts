/**
 * Sockets that whoever started the process has opened for it: systemd's socket activation (sd_listen_fds).
 *
 * @module
 */

import { UsageError } from './failure.ts'

/** One inherited socket. */
export interface InheritedSocket {
  /** Its descriptor. */
  readonly fd: number
  /** What it is called (systemd: FileDescriptorName); empty without a name. */
  readonly name: string
}

/** The first descriptor behind standard input, output and error (systemd: SD_LISTEN_FDS_START). */
const FIRST = 3

/**
 * The sockets of `LISTEN_FDS`, when `LISTEN_PID` says that they are meant for this process.
 *
 * @throws UsageError when they are, and `LISTEN_FDS` is no number of sockets
 */
export function inheritedSockets (env: NodeJS.ProcessEnv, pid: number): InheritedSocket[] {
  const { LISTEN_FDS: count = '', LISTEN_PID: owner = '', LISTEN_FDNAMES: names = '' } = env
  // A child of the process it was meant for inherits the variables, but not the sockets.
  if (count === '' || owner !== String(pid)) return []
  if (!/^\d{1,4}$/.test(count)) throw new UsageError(`Invalid LISTEN_FDS: expected a number of sockets, got "${count}"`)
  const called = names.split(':')
  return Array.from({ length: Number(count) }, (_, index) => ({ fd: FIRST + index, name: called[index] ?? '' }))
}
