/**
 * An app that another program starts: `npm start -- examples/articles/my-app-module.ts:myWebApp`.
 *
 * @module
 */

import Fastify from 'fastify'
import bundle, { Response } from '../../app.ts'

export const myWebApp = Fastify()
await myWebApp.register(bundle)
myWebApp.get('/', async () => new Response({ text: 'Welcome home!' }))
