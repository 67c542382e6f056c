/** Programs of others that we are compared with; each can be missing. */

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import type { Sample } from './compare.ts'
import { canRun, freePort, pinned, Program } from './program.ts'

// Debian's Python: aiohttp with its C extensions, and gunicorn.
const python = '/usr/bin/python3'
const servers = fileURLToPath(new URL('servers/', import.meta.url))

/** The version of aiohttp here; `undefined` where there is none. */
export function aiohttpVersion (): string | undefined {
  const { status, stdout } = spawnSync(python, ['-c', 'import aiohttp; print(aiohttp.__version__)'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** Whether gunicorn can serve aiohttp here. */
export const hasGunicorn = canRun('/usr/bin/gunicorn', '--version')

/** Debian keeps it where not every PATH leads. */
export const nginx = ['nginx', '/usr/sbin/nginx'].find(program => canRun(program, '-v'))

/** aiohttp with the answers of servers/web.ts. */
export async function startAiohttp (...args: string[]): Promise<Program> {
  const port = await freePort()
  return await Program.spawn(python, [join(servers, 'aiohttp_server.py'), String(port), ...args], port)
}

/** One round of aiohttp's client. */
export async function loadWithAiohttp (port: number, method: string, seconds: number): Promise<Sample> {
  const args = [fileURLToPath(new URL('clients/aiohttp_client.py', import.meta.url)), String(port), method, String(seconds)]
  const [program = python, ...rest] = [...pinned('0'), python, ...args]
  return JSON.parse((await promisify(execFile)(program, rest)).stdout) as Sample
}

/** gunicorn with workers of aiohttp, on all processors. */
export async function startGunicorn (workers: number): Promise<Program> {
  const port = await freePort()
  const args = [
    '--chdir', servers, '--bind', `127.0.0.1:${port}`, '--workers', String(workers),
    '--worker-class', 'aiohttp.GunicornWebWorker', '--log-level', 'error', 'aiohttp_server:app'
  ]
  return await Program.spawn('/usr/bin/gunicorn', args, port, { processors: '0,1' })
}

/** nginx with one worker, which serves a folder as `/static/`. */
export async function startNginx (program: string, root: string): Promise<Program> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'bench-nginx-'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${join(folder, name)};`).join(' ')
  writeFileSync(join(folder, 'nginx.conf'), `
    daemon off; master_process off; pid ${join(folder, 'pid')}; error_log /dev/null;
    events { worker_connections 1024; }
    http {
      ${temporary}
      access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
      server { listen 127.0.0.1:${port} backlog=1024; location /static/ { alias ${root}/; } }
    }`)
  return await Program.spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf')], port)
}
