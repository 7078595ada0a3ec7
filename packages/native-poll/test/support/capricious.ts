// A kernel at its worst: what it may do at any time, and nobody is to notice.
import { inject } from './faults.js'
import type { Random } from './random.js'

const CAPRICES = [
  { call: 'recv', error: 'EAGAIN' },
  { call: 'recv', error: 'EINTR' },
  { call: 'recv', maxBytes: 1 },
  { call: 'send', error: 'EAGAIN' },
  { call: 'send', error: 'ENOBUFS' },
  { call: 'send', maxBytes: 7 },
  { call: 'sendmsg', error: 'EAGAIN' },
  { call: 'sendmsg', maxBytes: 13 },
  { call: 'accept', error: 'ECONNABORTED' },
  { call: 'accept', error: 'EAGAIN' },
]

/** Spreads such faults over the next thousands of calls. @param connections about how many will be accepted */
export function makeCapricious(random: Random, connections: number): void {
  for (let i = 0; i < 200; ++i) {
    const caprice = random.pick(CAPRICES)
    const isAccept = caprice.call === 'accept'
    inject({
      ...caprice,
      after: random.below(isAccept ? connections : 3000),
      times: 1 + random.below(isAccept ? 2 : 20),
    })
  }
}
