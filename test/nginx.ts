/** nginx and supervisor for tests: in a folder of their own, ended with the test. */

import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type NetConnectOpts } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Test } from 'tap'

/** Why a test cannot run, or `false`. */
export function missing (...programs: string[]): string | false {
  const absent = programs.filter(program => spawnSync('which', [program]).status !== 0)
  return absent.length === 0 ? false : `${absent.join(', ')} is not installed`
}

/** A port that nobody listened at a moment ago. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** Asks again until somebody listens. */
export async function untilListening (target: NetConnectOpts): Promise<void> {
  for (;;) {
    const socket = connect(target)
    const listens = await once(socket, 'connect').then(() => true, () => false)
    socket.destroy()
    if (listens) return
    await pause(20)
  }
}

/** Replaces each of the texts, which have to be there. */
export function adapt (t: Test, text: string, changes: Record<string, string>): string {
  return Object.entries(changes).reduce((result, [from, to]) => {
    t.ok(result.includes(from), `"${from}" is there to be replaced`)
    return result.replaceAll(from, to)
  }, text)
}

/** Starts nginx with a whole configuration and waits until it listens. */
export async function startNginx (t: Test, { folder, port, config }: { folder: string, port: number, config: string }) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${join(folder, name)};`).join('\n  ')
  const file = join(folder, 'nginx.conf')
  // One process, which ends with the test; a worker of root's would be somebody who may not open our sockets.
  writeFileSync(file, `daemon off;\nmaster_process off;\n${config.replace('http {', `http {\n  ${temporary}`)}`)
  const child = spawn('nginx', ['-p', folder, '-c', file], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  await untilListening({ port, host: '127.0.0.1' })
}

/** Starts supervisor with some programs; what is returned is its `supervisorctl`. */
export async function startSupervisor (t: Test, { folder, programs }: { folder: string, programs: string }) {
  const control = join(folder, 'control')
  const file = join(folder, 'supervisord.conf')
  writeFileSync(file, `[supervisord]
nodaemon = true
logfile = ${join(folder, 'supervisord.log')}
pidfile = ${join(folder, 'supervisord.pid')}
childlogdir = ${folder}
[unix_http_server]
file = ${control}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://${control}
${programs}`)
  const child = spawn('supervisord', ['-c', file], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  // It ends its programs before itself; they were started for this test alone.
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  await untilListening({ path: control })
  return async (...args: string[]) => {
    // Its exit status tells whether all programs run, which the answer does as well.
    const { stdout } = await promisify(execFile)('supervisorctl', ['-c', file, ...args])
      .catch((error: { stdout: string }) => error)
    return stdout
  }
}
