/** The list of messages: as long as is good, and at its end unless somebody reads further up. */

import { $ } from './dom.js'

const maxShown = 300

export function append (item) {
  const list = $('messages')
  const atEnd = isAtEnd()
  list.append(item)
  while (list.children.length > maxShown) list.firstChild.remove()
  if (atEnd) scrollDown()
}

export function isAtEnd () {
  const list = $('messages')
  return list.scrollHeight - list.scrollTop - list.clientHeight < 80
}

export function scrollDown () {
  $('messages').scrollTop = $('messages').scrollHeight
}
