// @ts-check
/** What two runs of a program may differ in, and why: how far the traces of an end are compared, and where order is chance. */

/** @typedef {import('./run.mjs').Seen} Seen */
/** @typedef {{ node: Seen, pollux: Seen }} Both one end over both modules */

/** What ends a stretch: a line that says how a socket stands once everything has come to rest. */
const REST = /^-- (connected|step \d+|in the end): /

/**
 * Until libuv 1.52 a hang-up that came with the last bytes was taken for the end of the stream, unread: 'end' came with
 * those bytes, and if it was a reset nobody heard of it (libuv/libuv#4997). Ours reads what there is.
 */
const TAKES_HANG_UP_FOR_END = isOlder(process.versions.uv, [1, 52])

/** @param {string} version @param {[number, number]} than */
function isOlder(version, [major, minor]) {
  const [ofMajor, ofMinor] = version.split('.').map(Number)
  return ofMajor < major || (ofMajor === major && ofMinor < minor)
}

/** A trace, cut behind its rests: the same number of stretches in every run of a program. @param {string[]} trace */
export function stretchesOf(trace) {
  /** @type {string[][]} */
  const stretches = [[]]
  for (const line of trace) {
    stretches.at(-1)?.push(line)
    if (REST.test(line)) stretches.push([])
  }
  return stretches
}

/** The first stretch with such a line; Infinity where there is none. @param {string[]} trace @param {RegExp} line */
function firstWith(trace, line) {
  const at = stretchesOf(trace).findIndex((stretch) => stretch.some((one) => line.test(one)))
  return at < 0 ? Number.POSITIVE_INFINITY : at
}

/** @param {Both} end @param {RegExp} line */
const firstOfBoth = ({ node, pollux }, line) =>
  Math.min(firstWith(node.trace, line), firstWith(pollux.trace, line))

/**
 * From which stretch on the traces of an end are not compared.
 *
 * - What is written to a connection that is gone: Node makes the system call inside of `write`, Pollux at the end of the turn,
 *   when the peer's reset may have come in.
 * - A reset on the heels of the connection: whoever asks first whether it stands is told of the reset by the one and of the
 *   connection by the other.
 * - `resetAndDestroy` while an end waits to be sent: Node fails with EINVAL, and sends no reset.
 * - What {@link whereToldOfReset} says.
 *
 * @param {Both} end @param {Both} other
 */
export function comparedUntil(end, other) {
  return Math.min(
    firstOfBoth(end, /EPIPE|write ECONNRESET|connect ECONNRESET|reset EINVAL/),
    firstOfBoth(other, /reset EINVAL/),
    whereToldOfReset(end, other),
  )
}

/**
 * The stretch in which the other end was closed with a reset, where it is chance how this one hears of that:
 *
 * - libuv takes it for the end of the stream;
 * - this end wrote in the same stretch: what arrives before the other closes makes it a reset, what arrives later finds an end.
 *
 * @param {Both} end @param {Both} other
 */
function whereToldOfReset(end, other) {
  const at = firstOfBoth(other, /^close /)
  if (at === Number.POSITIVE_INFINITY || !wasReset(end, other)) return Number.POSITIVE_INFINITY
  return TAKES_HANG_UP_FOR_END || wroteIn(at, end.pollux) ? at : Number.POSITIVE_INFINITY
}

/** Whether the other end asked for a reset, or left something unread, for which the kernel sends one. @param {Both} end @param {Both} other */
function wasReset(end, other) {
  if (firstOfBoth(other, /^resetAndDestroy\(\): this/) < Number.POSITIVE_INFINITY) return true
  return other.pollux.last.bytesRead < end.pollux.last.bytesWritten
}

/** Whether an end wrote in that stretch. @param {number} at @param {Seen} seen */
function wroteIn(at, { trace }) {
  const stretches = stretchesOf(trace)
  return writtenAfter(stretches[at]) > (at === 0 ? 0 : writtenAfter(stretches[at - 1]))
}

/** `bytesWritten` at the end of a stretch. @param {string[]} stretch */
const writtenAfter = (stretch) => stateIn(stretch.at(-1) ?? '')?.bytesWritten ?? 0

/** What a line says of a socket at rest. @param {string} line @returns {Record<string, any> | null} */
export function stateIn(line) {
  const state = line.match(/\{"readyState.*\}/)
  return state === null ? null : JSON.parse(state[0])
}

/**
 * Whether two runs saw the same in a stretch, but for what is chance:
 *
 * - what a listener throws stops the queue of ticks, which Node goes on with in an immediate: whether that is before or after
 *   what the kernel says is a matter of the phase that the event loop is in;
 * - 'end', where libuv tells it with the last bytes;
 * - how much of what nobody takes was there when it was last read.
 *
 * @param {string[][]} node @param {string[][]} pollux @param {number} at the stretch
 * @param {{ hasThrown: boolean, otherClosed: boolean }} what
 */
export function isSame(node, pollux, at, { hasThrown, otherClosed }) {
  let [a, b] = areBothFull(node, pollux, at) ? [plain(node[at]), plain(pollux[at])] : [node[at], pollux[at]]
  if (hasThrown) [a, b] = [a.toSorted(), b.toSorted()]
  if (a.join('\n') === b.join('\n')) return true
  if (!otherClosed || !TAKES_HANG_UP_FOR_END || !a.includes('end')) return false
  // Whoever closes meanwhile needs no end.
  if (!b.includes('end') && !b.some((line) => line.startsWith('close'))) return false
  return withoutEnd(a).join('\n') === withoutEnd(b).join('\n')
}

/** @param {string[]} stretch */
const withoutEnd = (stretch) => stretch.filter((line) => line !== 'end')

/**
 * Whether both sockets have read a mark full, in the same stretches: how much more lay there is a matter of when it came.
 *
 * @param {string[][]} node @param {string[][]} pollux @param {number} at
 */
function areBothFull(node, pollux, at) {
  const states = [node, pollux].map((stretches) => stateIn(stretches[at].at(-1) ?? ''))
  const [a, b] = states
  if (a === null || b === null) return false
  if (a.bytesRead - b.bytesRead !== a.readableLength - b.readableLength) return false
  const before = [node, pollux].map((stretches) => stateIn(stretches[at - 1]?.at(-1) ?? '')?.bytesRead ?? 0)
  if (a.bytesRead > before[0] !== b.bytesRead > before[1]) return false
  return [a, b].every((state) => state.readableLength >= state.readableHighWaterMark)
}

/** A stretch without what was read. @param {string[]} stretch */
const plain = (stretch) => [
  ...stretch.slice(0, -1),
  JSON.stringify({ ...stateIn(stretch.at(-1) ?? ''), bytesRead: 0, readableLength: 0 }),
]
