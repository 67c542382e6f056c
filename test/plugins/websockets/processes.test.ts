/** Two processes behind nginx that share a group over Redis, then NATS; the carrier dies and comes back in between. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { shortFolder } from '../../helper.ts'
import { freePort, missing, startNginx, untilListening } from '../../nginx.ts'

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

function nginxConfig (folder: string, port: number, sockets: readonly string[]): string {
  return `pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')};
events {}
http {
  access_log off;
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

for (const [carrier, { program: service, scheme, args }] of Object.entries(carriers)) {
  t.test(`a group over ${carrier} spans two processes behind nginx, and outlives its server`, {
    skip: missing('nginx', service)
  }, async t => {
    const folder = shortFolder(t)
    const servicePort = await freePort()
    const url = `${scheme}://127.0.0.1:${servicePort}`
    const first = start(t, service, args(servicePort))
    await untilListening({ port: servicePort, host: '127.0.0.1' })
    const sockets = ['a', 'b'].map(name => join(folder, name))
    await Promise.all(sockets.map(async (path, index) => {
      const options = JSON.stringify({ name: 'ab'[index], path, carrier, url })
      const child = start(t, process.execPath, ['--import=tsx', program, options])
      await once(createInterface({ input: child.stdout ?? process.stdin }), 'line')
    }))
    const port = await freePort()
    await startNginx(t, { folder, port, config: nginxConfig(folder, port, sockets) })
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
    await untilListening({ port: servicePort, host: '127.0.0.1' })
    await untilAllHear('after')
    t.pass('all members hear each other again')
  })
}
