/**
 * Who the admin is, and how they come in.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import {
  AppKey, csrfToken, forget, get, hashPassword, HTTPSeeOther, post, remember, renderTemplate, verifyPassword,
  type AuthorizationPolicy, type Response
} from '../../app.ts'

/** The one who may change questions. */
export class Admin implements AuthorizationPolicy {
  readonly #name: string
  readonly #hash: string

  private constructor (name: string, hash: string) {
    this.#name = name
    this.#hash = hash
  }

  static async create ({ name, password }: { name: string, password: string }): Promise<Admin> {
    return new Admin(name, await hashPassword(password))
  }

  /** A wrong name takes as long as a wrong password: nobody learns which of them it was. */
  async matches (name: string, password: string): Promise<boolean> {
    return await verifyPassword(password, this.#hash) && name === this.#name
  }

  authorizedUserid (identity: string): string | null {
    return identity === this.#name ? identity : null
  }

  permits (identity: string | null, permission: string): boolean {
    return identity === this.#name && permission === 'admin'
  }
}

export const adminKey = new AppKey<Admin>('admin')

export const login = [
  get('/admin/login', async request => await page(request, nextOf(request.queryMulti.get('next'))), { name: 'admin.login' }),
  post('/admin/login', logIn),
  post('/admin/logout', logOut, { name: 'admin.logout' })
]

async function page (request: FastifyRequest, next: string, failed?: { name: string }): Promise<Response> {
  const context = {
    section: 'admin',
    next,
    name: failed?.name,
    error: failed && 'This name and this password do not go together.',
    csrf: await csrfToken(request)
  }
  return await renderTemplate(request, 'admin/login.html', context, { status: failed === undefined ? 200 : 403 })
}

async function logIn (request: FastifyRequest): Promise<Response> {
  const form = await request.post()
  const [name = '', password = '', next] = ['name', 'password', 'next'].map(field => String(form.get(field) ?? ''))
  const admin = request.server.state.get(adminKey)
  if (!await admin.matches(name, password)) return await page(request, nextOf(next), { name })
  const answer = new HTTPSeeOther(nextOf(next))
  await remember(request, answer, name)
  throw answer
}

async function logOut (request: FastifyRequest): Promise<Response> {
  const answer = new HTTPSeeOther('/')
  await forget(request, answer)
  throw answer
}

/** Where the login leads: never to another site. */
function nextOf (next: string | undefined): string {
  return next !== undefined && /^\/admin(?:\/|$)/.test(next) ? next : '/admin'
}
