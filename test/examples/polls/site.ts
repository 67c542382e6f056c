/** The polls on a database, listening; and people who visit them. */

import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { ClientSession, CookieJar } from '../../../app.ts'
import { createPolls } from '../../../examples/polls/app.ts'
import { readConfig } from '../../../examples/polls/config.ts'
import type { Poll } from '../../../examples/polls/queries.ts'

export const chromium = '/usr/bin/chromium'
export const noBrowser = !existsSync(chromium) && `${chromium} is not there`

export interface Site {
  readonly app: FastifyInstance
  readonly url: string
}

/** Where a visitor has got to, redirects included. */
export interface Page {
  readonly status: number
  readonly url: string
  readonly text: string
}

/** The polls on the database with this URL, closed when the test ends. */
export async function openSite (t: Test, database: string): Promise<Site> {
  const config = await readConfig([], { database, accessLog: false })
  const app = await createPolls(config, { logger: { level: 'silent' } })
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}` }
}

/** Somebody with a browser that keeps cookies, and without JavaScript. */
export class Visitor {
  readonly session: ClientSession

  constructor (t: Test, { url }: Site) {
    this.session = new ClientSession({
      baseUrl: url, cookieJar: new CookieJar({ unsafe: true }), headers: { accept: 'text/html' }
    })
    t.teardown(() => this.session.close())
  }

  async get (path: string): Promise<Page> {
    const response = await this.session.get(path)
    return { status: response.status, url: new URL(response.url).pathname, text: await response.text() }
  }

  /** Sends the form of a page, with the token that is in it. */
  async send (page: string, to: string, fields: Iterable<[string, string]>): Promise<Page> {
    const { text } = await this.get(page)
    const token = /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? 'there is none'
    const response = await this.session.post(to, { data: [['_csrf', token], ...fields] })
    return { status: response.status, url: new URL(response.url).pathname, text: await response.text() }
  }

  async logIn (password = 'polls'): Promise<Page> {
    return await this.send('/admin/login', '/admin/login', [['name', 'admin'], ['password', password]])
  }

  /** Asks a question, as the admin; gives what the API says of it. */
  async ask (text: string, choices: string[]): Promise<Poll> {
    const fields = choices.map((choice): [string, string] => ['choice', choice])
    await this.send('/admin/new', '/admin/new', [['text', text], ...fields])
    const polls = await (await this.session.get('/api/polls')).json<Poll[]>()
    return polls!.find(poll => poll.question_text === text)!
  }
}
