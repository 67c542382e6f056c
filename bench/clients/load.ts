/**
 * One HTTP client in a process of its own: asks for JSON, or sends some, over and over with 64 requests at once.
 *
 * The first argument names the client, the second is the server's port. Each message `{ method, seconds }` is answered
 * with what was done in that time. Runs the built package, as users do.
 */

import { Agent as HttpAgent } from 'node:http'
import axios from 'axios'
import got from 'got'
import { Agent, request } from 'undici'

type Package = typeof import('../../plugins/client-session/index.ts')
type Ask = (method: 'GET' | 'POST') => Promise<unknown>

const connections = 64
const [client = '', port = ''] = process.argv.slice(2)
const url = `http://127.0.0.1:${port}/polls/1`
const choice = { choice: 3, voter: 'guest', comment: 'Just hacking again' }

const clients: Record<string, () => Ask | Promise<Ask>> = {
  async ours () {
    const { ClientSession } = await import(new URL('../../dist/plugins/client-session/index.js', import.meta.url).href) as Package
    const session = new ClientSession()
    return async method => {
      const response = await session.request(method, url, method === 'POST' ? { json: choice } : {})
      return await response.json()
    }
  },
  undici () {
    const dispatcher = new Agent({ connections })
    return async method => {
      const { body } = await request(url, {
        method,
        dispatcher,
        ...method === 'POST' && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(choice) }
      })
      return await body.json()
    }
  },
  fetch () {
    return async method => {
      const response = await fetch(url, {
        method,
        ...method === 'POST' && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(choice) }
      })
      return await response.json()
    }
  },
  got () {
    const agent = { http: new HttpAgent({ keepAlive: true, maxSockets: connections }) }
    return async method => await got(url, { method, agent, ...method === 'POST' && { json: choice } }).json()
  },
  axios () {
    const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: connections })
    return async method => {
      const response = await axios.request<unknown>({ url, method, httpAgent, ...method === 'POST' && { data: choice } })
      return response.data
    }
  }
}

async function load (ask: Ask, method: 'GET' | 'POST', seconds: number) {
  const begin = performance.now()
  const cpu = process.cpuUsage()
  let requests = 0
  await Promise.all(Array.from({ length: connections }, async () => {
    while (performance.now() - begin < seconds * 1000) {
      await ask(method)
      requests += 1
    }
  }))
  const { user, system } = process.cpuUsage(cpu)
  return { rate: requests / (performance.now() - begin) * 1000, cpu: (user + system) / requests }
}

const make = clients[client]
if (make === undefined) throw new Error(`Unknown client: ${client}`)
const ask = await make()
process.on('message', async ({ method, seconds }: { method: 'GET' | 'POST', seconds: number }) => {
  process.send?.(await load(ask, method, seconds))
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
