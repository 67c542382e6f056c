/**
 * The time of the log: `[21/Nov/2026:01:32:39 +0000]`, made once a second.
 *
 * @module
 */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Writes times in local time; the same text for all of one second. */
export function createClock (): (time: number) => string {
  let second = NaN
  let text = ''
  return time => {
    const now = Math.floor(time / 1000)
    if (now === second) return text
    second = now
    text = format(new Date(now * 1000))
    return text
  }
}

function format (date: Date): string {
  const offset = -date.getTimezoneOffset()
  const zone = two(Math.trunc(Math.abs(offset) / 60)) + two(Math.abs(offset) % 60)
  return `[${two(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}:` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${offset < 0 ? '-' : '+'}${zone}]`
}

function two (number: number): string {
  return String(number).padStart(2, '0')
}
