/** Two processes behind nginx that share a group over Redis, then NATS; the carrier dies and comes back in between. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { shortFolder } from '../../helper.ts'

const carriers = {
  redis: {
    program: 'redis-server',
    scheme: 'redis',
    args: (port: number) => ['--port', String(port), '--save', '', '--bind', '127.0.0.1']
  },
  nats: { program: 'nats-server', scheme: 'nats', args: (port: number) => ['-a', '127.0.0.1', '-p', String(port)] }
}

const program = new URL('../../fixtures/group-server.ts', import.meta.url).pathname

function start (t: Test, command: string, args: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** Asks again until somebody listens. */
async function untilListening (port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const listens = await once(socket, 'connect').then(() => true, () => false)
    socket.destroy()
    if (listens) return
    await pause(20)
  }
}

function nginxConfig (folder: string, port: number, sockets: readonly string[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${join(folder, name)};`).join('\n  ')
  // One process, which ends with the test; a worker of root's would be somebody who may not open our sockets.
  return `daemon off;
master_process off;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')};
events {}
http {
  access_log off;
  ${temporary}
  upstream app { ${sockets.map(path => `server unix:${path};`).join(' ')} }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $http_connection;
    }
  }
}
`
}

/** A member of the group that remembers what it heard. */
async function member (t: Test, port: number) {
  const heard = new Set<string>()
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  t.teardown(() => socket.terminate())
  socket.on('message', data => heard.add(String(data)))
  await once(socket, 'message')
  return heard
}

function missing (name: string): string | false {
  const found = spawnSync('which', ['nginx', name]).status === 0
  return found ? false : `nginx or ${name} is not installed`
}

for (const [carrier, { program: service, scheme, args }] of Object.entries(carriers)) {
  t.test(`a group over ${carrier} spans two processes behind nginx, and outlives its server`, {
    skip: missing(service)
  }, async t => {
    const folder = shortFolder(t)
    const servicePort = await freePort()
    const url = `${scheme}://127.0.0.1:${servicePort}`
    const first = start(t, service, args(servicePort))
    await untilListening(servicePort)
    const sockets = ['a', 'b'].map(name => join(folder, name))
    await Promise.all(sockets.map(async (path, index) => {
      const options = JSON.stringify({ name: 'ab'[index], path, carrier, url })
      const child = start(t, process.execPath, ['--import=tsx', program, options])
      await once(createInterface({ input: child.stdout ?? process.stdin }), 'line')
    }))
    const port = await freePort()
    writeFileSync(join(folder, 'nginx.conf'), nginxConfig(folder, port, sockets))
    start(t, 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')])
    await untilListening(port)
    const members = await Promise.all(Array.from({ length: 6 }, () => member(t, port)))
    const say = async (text: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/say/${text}`, { method: 'POST' })
      return await response.text()
    }
    /** Says something new until all members have heard the same: at most once means that the first may be lost. */
    const untilAllHear = async (words: string) => {
      for (let round = 0; ; round += 1) {
        const text = `${words}-${round}`
        await say(text)
        for (let turn = 0; turn < 10; turn += 1) {
          if (members.every(heard => heard.has(text))) return
          await pause(20)
        }
      }
    }

    t.same(new Set(members.flatMap(heard => [...heard].filter(text => text.startsWith('at ')))), new Set(['at a', 'at b']))
    await untilAllHear('before')

    first.kill('SIGKILL')
    await once(first, 'exit')
    const speaker = await say('alone')
    const local = members.filter(heard => heard.has(`at ${speaker}`))
    while (!local.every(heard => heard.has('alone'))) await pause(10)
    t.notOk(members.some(heard => heard.has('alone') && !heard.has(`at ${speaker}`)), 'only its own members hear it')

    start(t, service, args(servicePort))
    await untilListening(servicePort)
    await untilAllHear('after')
    t.pass('all members hear each other again')
  })
}
