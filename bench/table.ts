/** Ratios of alternating rounds as a table for people, or as JSON for machines. */

import type { Sample } from './measure.ts'

/** One comparison: a variant against its base, round by round. */
export interface Row {
  readonly what: string
  readonly base: string
  /** Requests a second by the base's. */
  readonly rate: Spread
  /** Server CPU of the base by the variant's: above 1 the variant needs less. */
  readonly cpu: Spread
  /** The least ratio that is good enough. */
  readonly goal: number
}

/** A median and what it lies between. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Compares two lists of samples that were taken in turn. */
export function compare (what: string, base: string, goal: number, mine: Sample[], theirs: Sample[]): Row {
  const pairs = mine.flatMap((sample, round) => {
    const other = theirs[round]
    return other === undefined ? [] : [{ sample, other }]
  })
  return {
    what,
    base,
    goal,
    rate: spread(pairs.map(({ sample, other }) => sample.rate / other.rate)),
    cpu: spread(pairs.map(({ sample, other }) => other.cpu / sample.cpu))
  }
}

/** The rows as a table; throughput counts only where the load is faster than the servers. */
export function table (rows: readonly Row[], saturated: boolean): string {
  const cells = rows.map(({ what, base, rate, cpu, goal }) => {
    const reached = cpu.median >= goal || (saturated && rate.median >= goal)
    return [what, base, text(rate), text(cpu), `≥ ${goal.toFixed(2)}`, reached ? 'yes' : 'no']
  })
  const lines = [['what', 'against', 'throughput ratio', 'CPU ratio', 'goal', 'reached'], ...cells]
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0))) ?? []
  return lines.map(line => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}

function spread (values: number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const median = ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle) - 1] ?? NaN)) / 2
  return { median, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN }
}

function text ({ median, min, max }: Spread): string {
  return `${median.toFixed(3)} [${min.toFixed(2)}–${max.toFixed(2)}]`
}
