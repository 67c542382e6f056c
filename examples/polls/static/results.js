/** Results that move: each message has the votes of every choice. Without it the page is as it was loaded. */

const chart = document.getElementById('chart')
const url = new URL(chart.dataset.live, window.location.href)
url.protocol = url.protocol.replace('http', 'ws')
const [firstDelay, longestDelay] = [500, 15_000]
let delay = firstDelay
let newest = 0

function connect () {
  const socket = new WebSocket(url)
  socket.addEventListener('open', () => {
    delay = firstDelay
    newest = 0
    setState('open', 'Live')
  })
  socket.addEventListener('message', ({ data }) => show(JSON.parse(data)))
  socket.addEventListener('close', () => {
    setState('lost', 'Connecting …')
    // Some jitter, or all pages come back in the same millisecond.
    setTimeout(connect, delay * (0.75 + Math.random() / 2))
    delay = Math.min(delay * 2, longestDelay)
  })
}

function setState (state, text) {
  const live = document.getElementById('live')
  live.hidden = false
  live.dataset.state = state
  document.getElementById('live-text').textContent = text
}

function show ({ votes, choices }) {
  const items = new Map(Array.from(chart.children, item => [item.dataset.choice, item]))
  // Choices were added or taken away: the page is another one.
  if (choices.length !== items.size || choices.some(({ id }) => !items.has(String(id)))) return window.location.reload()
  // Votes only become more: this was overtaken on its way.
  if (votes < newest) return
  newest = votes
  for (const choice of choices) {
    const item = items.get(String(choice.id))
    item.querySelector('.votes').textContent = choice.votes
    item.querySelector('.percent').textContent = `${choice.percent} %`
    item.querySelector('rect').setAttribute('width', choice.percent)
  }
  document.getElementById('total').textContent = votes
  document.getElementById('plural').textContent = votes === 1 ? '' : 's'
}

connect()
