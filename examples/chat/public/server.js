/** The server's facts: its sites, how long it has been up, how many websockets are open. */

import { $, element, getJson } from './dom.js'

async function loadServer () {
  try {
    const [{ sites }, { uptime, websockets, node }] =
      await Promise.all([getJson('sites'), getJson('lifecycle')])
    $('uptime').textContent = duration(uptime)
    $('websockets').textContent = String(websockets)
    $('node').textContent = node
    $('sites').replaceChildren(...sites.map(site => element('li', '', link(site))))
  } catch {
    $('uptime').textContent = 'no answer'
    $('websockets').textContent = '–'
  }
}

/** A link when it leads somewhere a browser can go; Unix sockets stay text. */
function link (site) {
  if (!/^https?:\/\/(?!unix)/.test(site)) return site
  const anchor = element('a', '', site)
  anchor.href = site
  return anchor
}

function duration (milliseconds) {
  const seconds = Math.floor(milliseconds / 1000)
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60]
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

loadServer()
setInterval(() => { if (!document.hidden) loadServer() }, 2000)
