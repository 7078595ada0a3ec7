// Where @pollux/net does on purpose what node:net does not, by the name of the program that shows it, with the reason.
// The pages of docs/net.md say the same to users. An entry that no longer deviates fails.

/** With libuv before 1.52. */
const HANG_UP = {
  why: 'libuv took a hang-up that came with bytes for the end, unread, and told it with them, also where it was a reset.',
  on: [20, 22],
}

/** @type {Record<string, { why: string, on?: number[] }>} `on`: the major versions of Node where it does; else all. */
export const DEVIATIONS = {
  'connect: destroyed in the handler of connectionAttempt': {
    why: 'Node goes on to use the handle that is gone, and throws a TypeError that nobody can catch.',
  },
  'closing: an end that came with the last bytes of a path, to who answers them with an end': HANG_UP,
  'closing: an end that came with the last bytes of a path, to who destroys soon': HANG_UP,
  'closing: a reset that came with the last bytes': HANG_UP,
}
