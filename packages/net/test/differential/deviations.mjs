// Where @pollux/net does on purpose what node:net does not, by the name of the program that shows it, with the reason.
// The pages of docs/net.md say the same to users. An entry that no longer deviates fails.

/** @type {Record<string, { why: string, on?: number[] }>} `on`: the major versions of Node where it does; else all. */
export const DEVIATIONS = {
  'connect: destroyed in the handler of connectionAttempt': {
    why: 'Node goes on to use the handle that is gone, and throws a TypeError that nobody can catch.',
  },
}
