// What the page remembers: samples, newest last.

/** @typedef {import('../history.js').Sample} Sample */
/** @typedef {import('../history.js').ServerSample} ServerSample */

/** Half an hour of seconds; the server itself remembers less. */
const MOST = 1800

/** With a longer hole between two samples there is a hole in the line. */
const HOLE_MS = 3500

/** In place of a server's name. */
export const ALL = ''

/** @type {Sample[]} */
let samples = []

/**
 * @param {readonly Sample[]} fresh
 * @param {boolean} afresh whether what was remembered is of another process
 */
export function remember(fresh, afresh) {
  samples = afresh ? [...fresh] : [...samples, ...fresh].slice(-MOST)
}

/** @returns {Sample | undefined} */
export function latest() {
  return samples.at(-1)
}

/**
 * One server's part of a sample, or that of all together.
 *
 * @param {Sample} sample
 * @param {string} name
 * @returns {ServerSample | undefined}
 */
export function serverPart({ servers }, name) {
  if (name !== ALL) return servers[name]
  const [first, ...others] = Object.values(servers)
  if (first === undefined) return undefined
  const sum = { ...first }
  for (const other of others) {
    for (const key of /** @type {(keyof ServerSample)[]} */ (Object.keys(sum))) sum[key] += other[key]
  }
  return sum
}

/**
 * Columns for a chart: seconds, and what `readers` find in each sample since then.
 *
 * @param {number} sinceMs
 * @param {string} server
 * @param {readonly ((sample: Sample, server: ServerSample | undefined) => number | null | undefined)[]} readers
 * @returns {[number[], ...(number | null)[][]]}
 */
export function columns(sinceMs, server, readers) {
  /** @type {number[]} */
  const times = []
  /** @type {(number | null)[][]} */
  const values = readers.map(() => [])
  let lastMs = Number.POSITIVE_INFINITY
  for (const sample of samples) {
    const { timeMs } = sample
    if (timeMs < sinceMs) continue
    if (timeMs - lastMs > HOLE_MS) {
      times.push((lastMs + 1) / 1000)
      for (const column of values) column.push(null)
    }
    // A clock that was set back would draw lines backwards.
    if (timeMs <= lastMs && times.length > 0) continue
    times.push(timeMs / 1000)
    const part = serverPart(sample, server)
    readers.forEach((read, i) => {
      values[i].push(read(sample, part) ?? null)
    })
    lastMs = timeMs
  }
  return [times, ...values]
}
