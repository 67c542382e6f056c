/** The chat: its connection, rooms, people and messages. */

import { $, element } from './dom.js'
import { append, isAtEnd, scrollDown } from './list.js'
import { randomName, store, stored } from './name.js'
import './exceptions.js'
import './server.js'

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const [firstDelay, longestDelay] = [500, 15_000]
let socket
let delay = firstDelay
let current = window.location.hash.slice(1)
let myName = ''
const unread = new Map()
let missed = 0
let goodbye = 0

function connect () {
  // Another app serves now (`npm run dev` after a change): its page may be another one, too.
  if (goodbye === 1012) return window.location.reload()
  setState('connecting', 'Connecting …')
  const url = new URL('socket', window.location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  socket = new WebSocket(url)
  socket.addEventListener('message', ({ data }) => receive(JSON.parse(data)))
  socket.addEventListener('close', ({ code, wasClean }) => reconnect(code, wasClean))
}

function reconnect (code, wasClean) {
  $('send').disabled = true
  // Some jitter, or all pages come back in the same millisecond.
  const wait = Math.round(delay * (0.75 + Math.random() / 2))
  delay = Math.min(delay * 2, longestDelay)
  // After a goodbye the next attempts fail as long as nobody listens: that is still the restart.
  if (wasClean) goodbye = code === 1001 || code === 1012 ? code : 0
  const restarting = goodbye !== 0
  setState(restarting ? 'restarting' : 'lost', restarting ? `Server restarting (${goodbye})` : 'Connection lost')
  const banner = $('banner')
  const atEnd = isAtEnd()
  banner.hidden = false
  const seconds = Math.max(1, Math.round(wait / 1000))
  banner.textContent = (restarting
    ? `The server said goodbye (${goodbye}): it is restarting. `
    : 'The connection was lost. ') + `Trying again in ${seconds} s; what you write is kept.`
  // The banner takes its room from the messages: the last ones stay in sight.
  if (atEnd) scrollDown()
  setTimeout(connect, wait)
}

function setState (state, text) {
  $('status').dataset.state = state
  $('status-text').textContent = text
}

function send (frame) {
  socket.send(JSON.stringify(frame))
}

function join (room) {
  if (!$('name').value.trim()) $('name').value = randomName()
  send({ type: 'join', room, name: $('name').value })
}

const handlers = {
  rooms ({ rooms }) {
    if (!rooms.includes(current)) current = rooms[0]
    $('rooms').replaceChildren(...rooms.map(room => {
      const button = element('button', '', room)
      button.type = 'button'
      button.dataset.room = room
      button.addEventListener('click', () => join(room))
      return button
    }))
    join(current)
  },

  joined ({ room, name, people, history: messages }) {
    delay = firstDelay
    goodbye = 0
    setState('open', 'Connected')
    $('banner').hidden = true
    $('send').disabled = false
    current = room
    myName = name
    unread.delete(room)
    remember(room)
    $('name').value = name
    store(name)
    $('messages').replaceChildren()
    for (const message of messages) show(message)
    if (messages.length === 0) $('messages').append(element('li', 'empty', 'Nobody has said anything here yet.'))
    showPeople(people)
    showRooms()
    scrollDown()
  },

  message (message) {
    const list = $('messages')
    const atEnd = isAtEnd()
    list.querySelector('.empty')?.remove()
    show(message)
    if (atEnd || message.name === myName) scrollDown()
    if (document.hidden) missed++
    showTitle()
  },

  notice ({ kind, name, people, at }) {
    append(element('li', 'notice', `${name} ${kind === 'join' ? 'joined' : 'left'} · ${time.format(at)}`))
    showPeople(people)
  },

  activity ({ room }) {
    unread.set(room, (unread.get(room) ?? 0) + 1)
    showRooms()
    showTitle()
  },

  error ({ message }) {
    append(element('li', 'notice', message))
  }
}

function receive (frame) {
  handlers[frame.type]?.(frame)
}

function show ({ name, text, at }) {
  const by = element('div', 'by', element('b', '', name), element('time', '', time.format(at)))
  append(element('li', name === myName ? 'mine' : '', by, element('div', 'bubble', text)))
}

function showPeople (people) {
  $('people-count').textContent = people.length
  $('people').replaceChildren(...people.map(name => element('li', '', name === myName ? `${name} (you)` : name)))
}

function showRooms () {
  for (const button of $('rooms').children) {
    const { room } = button.dataset
    const count = unread.get(room) ?? 0
    button.setAttribute('aria-pressed', String(room === current))
    button.replaceChildren(room)
    if (count > 0) {
      const badge = element('span', 'badge', count > 99 ? '99+' : String(count))
      badge.setAttribute('aria-label', `${count} unread`)
      button.append(badge)
    }
  }
}

function showTitle () {
  const count = missed + [...unread.values()].reduce((sum, value) => sum + value, 0)
  document.title = (count > 0 ? `(${count}) ` : '') + 'Chat · fastify-aiohttp'
}

function remember (room) {
  window.history.replaceState(null, '', `#${room}`)
}

$('say').addEventListener('submit', event => {
  event.preventDefault()
  const text = $('text').value
  if (socket.readyState !== WebSocket.OPEN || text.trim() === '') return
  send({ type: 'say', text })
  $('text').value = ''
  grow()
  $('text').focus()
})

$('text').addEventListener('keydown', event => {
  // Shift+Enter is a new line; Enter also ends the input of a Chinese or Japanese word.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  $('say').requestSubmit()
})

$('text').addEventListener('input', grow)

function grow () {
  const { style } = $('text')
  style.height = 'auto'
  style.height = `${$('text').scrollHeight + 2}px`
}

$('name').addEventListener('change', () => {
  if (socket.readyState === WebSocket.OPEN && $('name').value.trim() !== myName) join(current)
})

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) missed = 0
  showTitle()
})

$('name').value = stored()
connect()
