/** Alternating rounds, and the ratios of what they showed. */

/** What one round showed. */
export interface Sample {
  /** How many a second; or, of what is measured once, the figure itself. */
  readonly rate: number
  /** Microseconds of CPU for each: the steadier figure on a noisy machine. */
  readonly cpu?: number
}

/** A median and what it lies between. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** What is good enough: our figure by theirs is at least or at most so much; of CPU less is better. */
export type Goal = { least: number } | { most: number } | { cpu: number }

/** One line of the table. */
export interface Row {
  readonly what: string
  readonly against: string
  /** What is counted: `requests/s`, `KiB each`, `ms`. */
  readonly unit: string
  readonly ours?: Spread
  readonly theirs?: Spread
  /** Ours by theirs, round by round. */
  readonly ratio?: Spread
  /** Our CPU for each by theirs: below 1 we need less. */
  readonly cpu?: Spread
  readonly goal?: Goal
  /** `undefined` when there is no goal, or nothing was measured. */
  readonly reached?: boolean
  /** Why nothing was measured. */
  readonly skipped?: string
}

/** What a row says besides its figures. */
export type Title = Pick<Row, 'what' | 'against' | 'goal'> & { unit?: string }

/** How much is measured. */
export interface RunOptions {
  readonly rounds: number
  /** Seconds of one measurement under load. */
  readonly seconds: number
  /** The sizes of the goals, in place of those that fit into a quarter of an hour. */
  readonly full: boolean
}

/** A part of the benchmarks. */
export interface Entry {
  readonly name: string
  run (options: RunOptions): Promise<Row[]>
}

/** Measures all of them in every round; each round begins with another one, for whoever comes first has it worse. */
export async function alternate<Name extends string> (
  players: Record<Name, () => Promise<Sample>>, rounds: number, { warm = true } = {}
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(players) as Name[]
  const samples = Object.fromEntries(names.map(name => [name, []])) as unknown as Record<Name, Sample[]>
  if (warm) for (const name of names) await players[name]()
  for (let round = 0; round < rounds; round += 1) {
    const first = round % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)]) samples[name].push(await players[name]())
  }
  return samples
}

/** Compares two lists of samples that were taken in turn. */
export function compare ({ unit = 'requests/s', ...title }: Title, ours: Sample[], theirs: Sample[]): Row {
  const ratio = spread(pairs(ours, theirs, ({ rate }) => rate))
  const cpus = pairs(ours, theirs, ({ cpu }) => cpu ?? NaN).filter(Number.isFinite)
  const cpu = cpus.length === 0 ? undefined : spread(cpus)
  return {
    ...title,
    unit,
    ours: spread(ours.map(({ rate }) => rate)),
    theirs: spread(theirs.map(({ rate }) => rate)),
    ratio,
    ...cpu !== undefined && { cpu },
    ...title.goal !== undefined && { reached: isReached(title.goal, ratio.median, cpu?.median) }
  }
}

/** A row for what could not be measured here. */
export function skipped ({ unit = 'requests/s', ...title }: Title, reason: string): Row {
  return { ...title, unit, skipped: reason }
}

/** "At least" may be seen in throughput or in CPU: on a noisy machine one of them suffers for nothing of ours. */
export function isReached (goal: Goal, ratio: number, cpu = Infinity): boolean {
  if ('cpu' in goal) return cpu <= goal.cpu
  return 'most' in goal ? ratio <= goal.most : Math.max(ratio, 1 / cpu) >= goal.least
}

/** The middle of some figures, and their ends. */
export function spread (values: number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const median = ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle) - 1] ?? NaN)) / 2
  return { median, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN }
}

function pairs (ours: Sample[], theirs: Sample[], figure: (sample: Sample) => number): number[] {
  return ours.flatMap((sample, round) => {
    const other = theirs[round]
    return other === undefined ? [] : [figure(sample) / figure(other)]
  })
}
