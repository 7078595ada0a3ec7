/** A small seeded generator of random numbers in [0, 1) (mulberry32): the order of a run can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[result[i], result[j]] = [result[j] as T, result[i] as T]
  }
  return result
}

export interface Step<S, P> {
  round: number
  shape: S
  peer: P
}

/** One row, and who is measured in it. */
export interface Row<S, P> {
  shape: S
  peers: readonly P[]
}

/**
 * The order of all trials. In every round the rows come in a random order, and of each row all peers directly after
 * each other in a random order: what is divided by each other was measured within seconds.
 */
export function planRows<S, P>(rows: readonly Row<S, P>[], rounds: number, seed: number): Step<S, P>[] {
  const random = seededRandom(seed)
  const steps: Step<S, P>[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const { shape, peers } of shuffled(rows, random)) {
      for (const peer of shuffled(peers, random)) steps.push({ round, shape, peer })
    }
  }
  return steps
}

/** The same, where every peer stands in every row. */
export function planTrials<S, P>(shapes: S[], peers: P[], rounds: number, seed: number): Step<S, P>[] {
  return planRows(
    shapes.map((shape) => ({ shape, peers })),
    rounds,
    seed,
  )
}
