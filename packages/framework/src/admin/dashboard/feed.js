// What the server says of itself, asked for once a second.

/** @typedef {import('../stats.js').Stats} Stats */

const EVERY_MS = 1000
const PATIENCE_MS = 4000
/** After a failure: not longer, since the one who looks waits for it. */
const RETRY_MS = 2000

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function fetchJson(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS), cache: 'no-store' })
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response.json()
}

/**
 * Asks for ever, for what is newer than what came last.
 *
 * @param {{ received(stats: Stats): void, lost(): void }} listener `lost` is called for each attempt that fails
 */
export async function follow(listener) {
  let last = -1
  let instance = ''
  for (;;) {
    const stats = await statsSince(last)
    if (stats === undefined) {
      listener.lost()
      await delay(RETRY_MS)
      continue
    }
    const isAnother = instance !== '' && stats.instance !== instance
    instance = stats.instance
    if (isAnother && last >= 0) {
      // Another process answers: its history begins elsewhere.
      last = -1
      continue
    }
    last = stats.history.at(-1)?.number ?? last
    listener.received(stats)
    await delay(EVERY_MS)
  }
}

/**
 * @param {number} last
 * @returns {Promise<Stats | undefined>} undefined where nobody answers
 */
async function statsSince(last) {
  try {
    return await fetchJson(`/stats?since=${last}`)
  } catch {
    return undefined
  }
}

/** @param {number} ms */
function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
