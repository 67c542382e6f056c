/** One button for each exception, and what the server answers when it is thrown. */

import { $, element, getJson } from './dom.js'

const families = [[2, 'Successful'], [3, 'Redirections'], [4, 'Client errors'], [5, 'Server errors']]
let shown

async function loadKinds () {
  const kinds = await getJson('exceptions')
  $('kinds').replaceChildren(...families.flatMap(([digit, title]) => [
    element('h3', '', title),
    element('div', '', ...kinds.filter(({ status }) => Math.floor(status / 100) === digit).map(kindButton))
  ]))
}

function kindButton ({ name, status }) {
  const button = element('button', '', element('b', '', String(status)), name.replace(/^HTTP/, ''))
  button.type = 'button'
  button.title = `throw new ${name}()`
  button.setAttribute('aria-pressed', 'false')
  button.addEventListener('click', () => {
    for (const other of $('kinds').querySelectorAll('[aria-pressed="true"]')) other.setAttribute('aria-pressed', 'false')
    button.setAttribute('aria-pressed', 'true')
    shown = name
    showAnswer(name)
  })
  return button
}

async function showAnswer (name) {
  const line = $('answer-line')
  try {
    const { status, reason, headers, body } = await getJson(`answers/${name}`, { accept: $('accept').value })
    line.textContent = `HTTP/1.1 ${status} ${reason}`
    line.className = `answer-line ${status < 400 ? 'good' : 'bad'}`
    $('answer-headers').textContent = Object.entries(headers).map(([key, value]) => `${key}: ${value}`).join('\n')
    $('answer-body').textContent = body === '' ? '(no body)' : body
  } catch (error) {
    line.textContent = `Cannot ask the server: ${error.message}`
    line.className = 'answer-line bad'
    $('answer-headers').textContent = $('answer-body').textContent = ''
  }
  $('answer').hidden = false
}

$('accept').addEventListener('change', () => { if (shown) showAnswer(shown) })

loadKinds().catch(() => { $('kinds').textContent = 'Cannot load the list: reload the page.' })
