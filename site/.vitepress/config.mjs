/** The pages of docs/ as a site: order, names, and where links lead that leave the pages. */

import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitepress'

/** Made by build.mjs. */
const reference = JSON.parse(readFileSync(new URL('../build/pages/reference/typedoc-sidebar.json', import.meta.url), 'utf8'))

const repository = process.env.REPOSITORY_URL

const pages = (...names) => names.map(name => ({ text: name.replaceAll('-', ' '), link: `/${name}` }))

export default defineConfig({
  title: 'fastify-aiohttp',
  description: 'aiohttp\'s feature set as Fastify 5 plugins, in TypeScript',
  base: process.env.BASE ?? '/',
  srcDir: 'build/pages',
  outDir: 'build/site',
  cacheDir: 'build/cache',
  lastUpdated: false,
  cleanUrls: true,
  markdown: {
    // The addresses that GitHub gives to headings, so that a link is good in both places.
    anchor: { slugify: text => text.trim().toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-') },
    config (markdown) {
      // {{ }} in the text of a page is a template of Jinja2's, not one of Vue's.
      const { code_inline: inline } = markdown.renderer.rules
      markdown.renderer.rules.code_inline = (...all) => inline(...all).replace('<code', '<code v-pre')
    }
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Pages', link: '/pages' },
      { text: 'Reference', link: '/reference/' }
    ],
    sidebar: {
      '/reference/': [{ text: 'Reference', link: '/reference/', items: reference }],
      '/': [
        { text: 'Start', items: [{ text: 'what it is', link: '/' }, ...pages('tutorial', 'polls', 'migrating', 'neighbours')] },
        { text: 'Guides', items: pages('cli', 'server', 'testing', 'deployment', 'shutdown', 'job-queues', 'companions') },
        { text: 'An app', items: pages('state', 'config', 'signals', 'middlewares', 'routes', 'jobs') },
        { text: 'Requests and answers', items: pages('requests', 'responses', 'exceptions', 'static', 'templates', 'openapi') },
        { text: 'Live', items: pages('websockets', 'sse') },
        { text: 'Data and people', items: pages('database', 'sessions', 'security', 'csrf', 'cors', 'remotes') },
        { text: 'Other servers', items: pages('client-session') },
        { text: 'Serving', items: pages('runner', 'cluster') },
        { text: 'Looking at it', items: pages('inspector', 'access-log', 'metrics', 'health') },
        { text: 'Facts', items: [...pages('differences', 'benchmarks'), { text: 'reference', link: '/reference/' }] }
      ]
    },
    socialLinks: repository === undefined ? [] : [{ icon: 'github', link: repository }],
    docFooter: { prev: 'Before', next: 'Next' }
  }
})
