/** What the parts of the page share. All text goes through textContent. */

export const $ = id => document.getElementById(id)

export function element (tag, className, ...children) {
  const node = document.createElement(tag)
  if (className) node.className = className
  node.append(...children)
  return node
}

export async function getJson (url, headers = {}) {
  const response = await fetch(url, { headers })
  if (!response.ok) throw new Error(`status ${response.status}`)
  return response.json()
}
