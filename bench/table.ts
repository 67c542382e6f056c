/** Rows as a table of Markdown, which people can read as it stands. */

import type { Goal, Row, Spread } from './compare.ts'

const head = ['what', 'against', 'measured', 'ours', 'theirs', 'ours : theirs', 'CPU, ours : theirs', 'goal', 'reached']

/** The rows, one a line, in columns. */
export function table (rows: readonly Row[]): string {
  const lines = [head, ...rows.map(cellsOf)]
  const widths = head.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  const [first = '', ...rest] = lines.map(line =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
  return [first, `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`, ...rest].join('\n')
}

function cellsOf ({ what, against, unit, ours, theirs, ratio, cpu, goal, reached, skipped }: Row): string[] {
  if (skipped !== undefined) return [what, against, unit, '', '', '', '', goalOf(goal), `skipped: ${skipped}`]
  const verdict = reached === undefined ? '' : reached ? 'yes' : '**no**'
  return [what, against, unit, amount(ours), amount(theirs), range(ratio), range(cpu), goalOf(goal), verdict]
}

function goalOf (goal: Goal | undefined): string {
  if (goal === undefined) return ''
  if ('cpu' in goal) return `CPU ≤ ${goal.cpu.toFixed(2)}`
  return 'least' in goal ? `≥ ${goal.least.toFixed(2)}` : `≤ ${goal.most.toFixed(2)}`
}

function range (spread: Spread | undefined): string {
  return spread === undefined ? '' : `${spread.median.toFixed(2)} [${spread.min.toFixed(2)}–${spread.max.toFixed(2)}]`
}

function amount (spread: Spread | undefined): string {
  if (spread === undefined || Number.isNaN(spread.median)) return ''
  return spread.median >= 100 ? Math.round(spread.median).toLocaleString('en') : spread.median.toPrecision(3)
}
