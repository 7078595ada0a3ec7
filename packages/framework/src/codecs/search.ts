/**
 * Looking for bytes within the unread part of the input.
 *
 * As a rule the input ends where its memory does, and one native call finds a line of 64 bytes in 17 ns, where a loop
 * takes 60. Memory that goes on behind the input must not be searched: what is there is old, and there may be much.
 */

/** Up to here a loop is faster than making the view that a native search has to be bounded by. */
const NEAR_BYTES = 48

/** Where the first byte of that value is, from `from` to before `to`; -1 if there is none. */
export function indexOfByte(bytes: Buffer, value: number, from: number, to: number): number {
  if (to === bytes.length) return bytes.indexOf(value, from)
  const near = Math.min(from + NEAR_BYTES, to)
  for (let i = from; i < near; i++) if (bytes[i] === value) return i
  return near === to ? -1 : bytes.subarray(0, to).indexOf(value, near)
}

/** Where those bytes begin for the first time, all of them from `from` to before `to`; -1 if they are not there. */
export function indexOfBytes(bytes: Buffer, wanted: Buffer, from: number, to: number): number {
  if (wanted.length === 1) return indexOfByte(bytes, wanted[0], from, to)
  if (to - from < wanted.length) return -1
  return (to === bytes.length ? bytes : bytes.subarray(0, to)).indexOf(wanted, from)
}
