/** nginx and supervisor, with the files of deploy/ and with those of the article: restarts under load lose nothing. */

import { once } from 'node:events'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import WebSocket from 'ws'
import { bundleFor } from '../bundle.ts'
import { shortFolder } from '../helper.ts'
import { adapt, freePort, missing, startNginx, startSupervisor, untilListening } from '../nginx.ts'

const root = new URL('../..', import.meta.url).pathname
const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const numbers = [1, 2, 3, 4]

/** nginx.conf of deploy/, for a folder and a port of the test. */
function nginxConf (t: Test, folder: string, port: number): string {
  return adapt(t, read('deploy/nginx.conf'), {
    'user www-data;\n': '',
    'worker_processes auto;\n': '',
    '/run/nginx.pid': join(folder, 'nginx.pid'),
    '/var/log/nginx/error.log': join(folder, 'error.log'),
    'access_log /var/log/nginx/access.log': `access_log ${join(folder, 'access.log')}`,
    'listen 80;': `listen 127.0.0.1:${port};`,
    '/run/app/': `${folder}/`
  })
}

/** Asks in a loop, GET and POST, until it is told to stop; counts what is not 200 and what fails. */
function startLoad (t: Test, url: string) {
  const dispatcher = new Agent({ connections: 16 })
  t.teardown(() => dispatcher.destroy())
  const count = { ok: 0, wrong: [] as unknown[] }
  const stop = new AbortController()
  const client = async (index: number) => {
    while (!stop.signal.aborted) {
      const post = index % 3 === 0
      try {
        const { statusCode, body } = await request(url + (post ? '/orders' : index % 5 === 0 ? '/slow' : '/'), {
          dispatcher,
          method: post ? 'POST' : 'GET',
          ...post ? { body: '{"n":1}', headers: { 'content-type': 'application/json' } } : {}
        })
        await body.dump()
        if (statusCode === 200) count.ok += 1
        else count.wrong.push([post ? 'POST' : 'GET', statusCode])
      } catch (error) {
        count.wrong.push(String(error))
      }
    }
  }
  const clients = Promise.all(Array.from({ length: 16 }, (_, index) => client(index)))
  return async () => {
    stop.abort()
    await clients
    return count
  }
}

/** The commands that supervisor starts, in one file each: fifteen times they are started here. */
const [server = '', example = '', article = ''] = await bundleFor(t, ...[
  'server.ts', 'examples/deployment.ts', 'examples/articles/deploy.ts'
].map(file => new URL(`../../${file}`, import.meta.url)))

const skip = missing('nginx', 'supervisord', 'supervisorctl')

t.test('four processes behind nginx are restarted one by one, and no request is lost', { skip }, async t => {
  const folder = shortFolder(t)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const control = await startSupervisor(t, {
    folder,
    programs: adapt(t, read('deploy/supervisord.conf'), {
      'node_modules/fastify-aiohttp/dist/server.js': server,
      '/usr/bin/node': process.execPath,
      ' app.js': ` ${example}`,
      'directory = /srv/app': `directory = ${root}`,
      '/run/app/': `${folder}/`,
      'user = www-data': ''
    })
  })
  await Promise.all(numbers.map(number => untilListening({ path: join(folder, `app_${number}.sock`) })))
  await startNginx(t, { folder, port, config: nginxConf(t, folder, port) })
  const seen = new Set<string>()
  while (seen.size < 4) seen.add((await (await fetch(url)).text()).split(' ')[0] ?? '')
  t.pass('all four answer')

  const stopLoad = startLoad(t, url)
  const before = new Set(seen)
  for (const number of numbers) {
    t.match(await control('restart', `app:app_${number}`), 'started')
    // Started is not ready: the next one would go while this one still loads.
    await untilListening({ path: join(folder, `app_${number}.sock`) })
  }
  const after = new Set<string>()
  while (after.size < 4) after.add((await (await fetch(url)).text()).split(' ')[0] ?? '')
  const { ok, wrong } = await stopLoad()

  t.same(wrong, [])
  t.ok(ok > 50, `${ok} requests were answered`)
  t.notOk([...after].some(pid => before.has(pid)), 'all of them are new')
})

t.test('through nginx come the client, websockets, and no probes', { skip }, async t => {
  const folder = shortFolder(t)
  const port = await freePort()
  await startSupervisor(t, {
    folder,
    programs: `[program:app]
process_name = app_%(process_num)s
numprocs = 2
numprocs_start = 1
command = ${process.execPath} ${server} --path=${folder}/app_%(process_num)s.sock ${example}
directory = ${root}
`
  })
  await Promise.all([1, 2].map(number => untilListening({ path: join(folder, `app_${number}.sock`) })))
  await startNginx(t, { folder, port, config: nginxConf(t, folder, port) })
  const url = `http://127.0.0.1:${port}`

  const spoofed = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' }
  t.match(await (await fetch(url, { headers: spoofed })).text(), `to 127.0.0.1 at http://127.0.0.1:${port}/`)
  t.equal((await fetch(`${url}/readyz`)).status, 404)
  const ws = new WebSocket(`ws://127.0.0.1:${port}/echo`)
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  ws.send('hello')
  t.equal(String((await once(ws, 'message'))[0]), 'hello')
})

t.test('the files of the article: four processes by --path, started again when one dies', { skip }, async t => {
  const folder = shortFolder(t)
  // For nobody.
  chmodSync(folder, 0o777)
  const port = await freePort()
  const isRoot = process.getuid?.() === 0
  const control = await startSupervisor(t, {
    folder,
    programs: `[program:aiohttp]
numprocs = 4
numprocs_start = 1
process_name = example_%(process_num)s
command=${process.execPath} ${article} --path=${folder}/example_%(process_num)s.sock
directory=${root}
${isRoot ? 'user=nobody' : ''}
autostart=true
autorestart=true
`
  })
  const paths = numbers.map(number => join(folder, `example_${number}.sock`))
  await Promise.all(paths.map(path => untilListening({ path })))
  await startNginx(t, {
    folder,
    port,
    config: `pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  upstream aiohttp {
    ${paths.map(path => `server unix:${path} fail_timeout=0;`).join('\n    ')}
  }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 4G;
    server_name example.com;
    location / {
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_redirect off;
      proxy_buffering off;
      proxy_pass http://aiohttp;
    }
  }
}
`
  })
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/`)).text()
  for (let count = 0; count < 8; count += 1) t.equal(await ask(), 'Hello, world')

  const pidOf = async () => Number(await control('pid', 'aiohttp:example_1'))
  const pid = await pidOf()
  process.kill(pid, 'SIGKILL')
  while ([0, pid].includes(await pidOf())) await pause(50)
  await untilListening({ path: paths[0] ?? '' })
  for (let count = 0; count < 8; count += 1) t.equal(await ask(), 'Hello, world', 'the path of the dead is taken over')
})
