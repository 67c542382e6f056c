/**
 * Where lines go that somebody may have stopped reading.
 *
 * @module
 */

/** Lets the process go on when a reader of its output leaves: `| head` ends neither a server nor a command. */
export function outliveReaders (...streams: NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}
