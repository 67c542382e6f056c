// Listens to snapshots of the app and draws them; whatever comes from the app is text, never markup.

const phases = ['starting', 'running', 'lame', 'unlisten', 'notify', 'drain', 'cancel', 'kill', 'cleanup', 'closed']
const states = {
  busy: ['request', 'requests'],
  upgraded: ['websocket', 'websockets'],
  reading: ['half a request', 'half requests'],
  idle: ['idle', 'idle'],
  fresh: ['silent', 'silent'],
  handshake: ['TLS handshake', 'TLS handshakes'],
  abandoned: ['client gone', 'clients gone'],
  work: ['job', 'jobs'],
  watching: ['page like this', 'pages like this']
}
const history = { loop: [], memory: [] }
const $ = id => document.getElementById(id)
let last

const counted = (count, [one, many]) => `${count} ${count === 1 ? one : many}`

const element = (tag, text = '', properties = {}) =>
  Object.assign(document.createElement(tag), { textContent: text, ...properties })

function fill (id, children) {
  $(id).replaceChildren(...children)
  $(id).classList.toggle('empty', children.length === 0)
}

function duration (milliseconds) {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 120_000) return `${(milliseconds / 1_000).toFixed(1)} s`
  return milliseconds < 7_200_000 ? `${Math.round(milliseconds / 60_000)} min` : `${Math.round(milliseconds / 3_600_000)} h`
}

const megabytes = bytes => `${(bytes / 1_048_576).toFixed(1)} MiB`

function bars (entries) {
  const most = Math.max(1, ...entries.map(({ value }) => value))
  return entries.map(({ label, text, value, state = '' }) => {
    const item = element('li', '', { className: state })
    item.style.setProperty('--share', `${Math.max(1, 100 * value / most)}%`)
    item.append(element('span', label), element('span', text, { className: 'quiet' }))
    return item
  })
}

function chart (id, values, least) {
  const top = Math.max(least, ...values)
  const points = values.map((value, index) => `${120 - values.length + index + 1},${31 - 30 * value / top}`).join(' ')
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polyline')
  line.setAttribute('points', points)
  $(id).replaceChildren(line)
}

function drawPhases ({ phase }) {
  const now = phases.indexOf(phase === 'stopping' ? 'notify' : phase)
  fill('phases', phases.map((name, index) => element('li', name, {
    className: index === now ? 'now' : index < now ? 'past' : '', ariaCurrent: index === now ? 'step' : null
  })))
  $('phases').className = now > 1 ? 'stopping' : ''
}

/** The page's own stream is a request, but nobody waits for it. */
function connectionsOf ({ connections: { busy = 0, ...others }, watching }) {
  const own = Math.min(busy, watching)
  return Object.entries({ busy: busy - own, ...others, watching: own }).filter(([, count]) => count > 0)
}

function drawWaiting (snapshot) {
  const { phase, waitingFor, jobs, busy: [oldest] } = snapshot
  const open = connectionsOf(snapshot).filter(([state]) => state === 'busy' || state === 'upgraded')
  const parts = open.map(([state, count]) => counted(count, states[state]))
  if (jobs.length > 0) parts.push(counted(jobs.length, states.work))
  if (waitingFor !== null) parts.unshift(waitingFor)
  $('waiting').hidden = phase === 'running' || phase === 'starting'
  $('waiting').textContent = parts.length > 0 ? `Waiting for ${parts.join(', ')}` : 'Waiting for nobody'
  if (oldest !== undefined) $('waiting').append(element('small', `longest for ${oldest}`))
}

/** A request with its age as a bar. */
function ageBar (line) {
  const [, label = line, age = '0'] = /^(.*), for (\d+) ms$/.exec(line) ?? []
  return { label, text: age === '0' ? '' : duration(Number(age)), value: Number(age), state: 'running' }
}

function drawConnections (snapshot) {
  const entries = connectionsOf(snapshot)
  const total = entries.reduce((sum, [, count]) => sum + count, 0)
  $('connection-count').textContent = total
  const dots = entries.flatMap(([state, count]) => Array.from({ length: Math.min(count, 1_500) }, () => state))
  fill('dots', dots.map(state => element('i', '', { className: state })))
  fill('legend', entries.map(([state, count]) => {
    const item = element('li')
    item.append(element('i', '', { className: state }), counted(count, states[state] ?? [state, state]))
    return item
  }))
  $('busy').replaceChildren(...bars(snapshot.busy.map(ageBar)))
}

function drawFigures ({ loop, memory }) {
  $('loop').textContent = `${loop.p99.toFixed(1)} ms late (99 %)`
  $('memory').textContent = `${megabytes(memory.heapUsed)} of heap, ${megabytes(memory.rss)} in all`
  for (const [name, value] of [['loop', loop.p99], ['memory', memory.rss]]) history[name] = [...history[name], value].slice(-120)
  chart('loop-chart', history.loop, 20)
  chart('memory-chart', history.memory, 1)
}

function drawWork ({ at, websockets, eventStreams, jobs, hooks, sites }) {
  const open = Object.entries(websockets.routes)
  const groups = Object.entries(websockets.groups)
  const streams = eventStreams > 0 ? [{ label: 'event streams', text: eventStreams, value: eventStreams }] : []
  $('websocket-count').textContent = open.reduce((sum, [, count]) => sum + count, 0)
  fill('websockets', bars([
    ...open.map(([route, count]) => ({ label: route, text: count, value: count })),
    ...groups.map(([group, count]) => ({ label: `group ${group}`, text: count, value: count })),
    ...streams
  ]))
  $('job-count').textContent = jobs.length
  fill('jobs', jobs.slice(0, 50).map(({ name, pending, since }) =>
    element('li', `${name}, ${pending ? 'in line' : 'running'} for ${duration(at - since)}`)))
  fill('hooks', bars(hooks.map(({ signal, name, since, took, failed }) => ({
    label: `${signal} ${name}`,
    text: took === undefined ? `${duration(at - since)} …` : duration(took),
    value: took ?? at - since,
    state: failed ? 'failed' : took === undefined ? 'running' : ''
  }))))
  fill('sites', sites.map(site => element('li', site)))
}

function drawErrors ({ at, errors }) {
  $('error-count').textContent = errors.length
  // Open ones stay open: they are drawn again only when there is a new one.
  if (last?.errors[0]?.at === errors[0]?.at && last?.errors.length === errors.length) return
  fill('errors', errors.map(({ method, route, status, name, message, stack, at: when }) => {
    const text = `${new Date(when).toLocaleTimeString()}  ${status}  ${method} ${route}  ${name}: ${message}`
    if (stack === '') return element('li', text)
    const details = element('details')
    details.append(element('summary', text), element('pre', stack))
    const item = element('li')
    item.append(details)
    return item
  }))
}

function drawRoutes ({ routes }) {
  const wanted = $('filter').value.toLowerCase()
  const drawn = wanted + JSON.stringify(routes)
  // What has not changed stays as it is, for those who are reading or marking it.
  if ($('routes').drawn === drawn) return
  $('routes').drawn = drawn
  const shown = routes.filter(route => Object.values(route).join(' ').toLowerCase().includes(wanted))
  $('route-count').textContent = routes.length
  $('routes').replaceChildren(...shown.slice(0, 500).map(routeRow))
}

function routeRow ({ method, domain, path, name, middlewares, handler, schemas, live }) {
  const chips = (className, ...children) => {
    const cell = element('td', '', { className })
    cell.append(...children)
    return cell
  }
  const place = [element('code', domain === null ? path : `${domain} ${path}`)]
  if (live) place.push(element('i', 'added', { title: 'Added while the app runs' }))
  const row = element('tr')
  row.append(
    chips('', element('span', method, { className: `method ${method.toLowerCase()}` })),
    chips('path', ...place),
    element('td', name ?? '', { className: 'quiet' }),
    chips('chain', ...middlewares.map(middleware => element('span', middleware)), element('b', handler || 'handler')),
    chips('chips', ...schemas.map(text => element('span', text)))
  )
  return row
}

function draw (snapshot) {
  const { generations, pid, plugins, uptime } = snapshot
  const generation = generations.at(-1)?.number ?? 1
  const of = generation > 1 ? `, app number ${generation}` : ''
  $('process').textContent = `process ${pid}, up for ${duration(uptime * 1_000)}${of}`
  document.body.className = ''
  for (const part of [drawPhases, drawWaiting, drawConnections, drawFigures, drawWork, drawErrors, drawRoutes]) part(snapshot)
  if ($('plugins').textContent !== plugins) $('plugins').textContent = plugins
  last = snapshot
}

const source = new window.EventSource(document.body.dataset.events)
source.addEventListener('message', ({ data }) => draw(JSON.parse(data)))
source.addEventListener('goodbye', () => {
  $('process').textContent = 'The app has said goodbye. Looking for the next one …'
  document.body.className = 'gone'
})
source.addEventListener('error', () => {
  document.body.className = 'gone'
  $('process').textContent = 'Nobody answers. Looking for the app …'
})
$('filter').addEventListener('input', () => { if (last !== undefined) drawRoutes(last) })
