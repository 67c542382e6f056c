/** The name one goes by: made up at first, then remembered by the tab. */

export function randomName () {
  const pick = list => list[Math.floor(Math.random() * list.length)]
  return `${pick(['Calm', 'Quick', 'Kind', 'Bright', 'Brave'])} ${pick(['Otter', 'Heron', 'Fox', 'Wren', 'Hare'])}`
}

// Storage may be switched off: then the name is simply not remembered.
export function store (name) {
  try { sessionStorage.setItem('name', name) } catch {}
}

export function stored () {
  try { return sessionStorage.getItem('name') ?? '' } catch { return '' }
}
