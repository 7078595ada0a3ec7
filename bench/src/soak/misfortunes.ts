/** What befalls a server in a round. Each is undone when the round is over. */
import { closeSync, openSync } from 'node:fs'
import { Random } from './random.js'
import type { Round } from './rounds.js'

/** How many descriptors are left of those that the process may have. */
const LEFT = 15

const PERIOD_MS = 300

/** Calls that the kernel may let fail at any time, and how. */
const RULES = [
  { call: 'recv', error: 'EAGAIN' },
  { call: 'recv', error: 'EINTR' },
  { call: 'recv', error: 'ECONNRESET' },
  { call: 'recv', maxBytes: 1 },
  { call: 'send', error: 'EAGAIN' },
  { call: 'send', error: 'EPIPE' },
  { call: 'send', maxBytes: 1 },
  { call: 'sendmsg', maxBytes: 7 },
  { call: 'accept', error: 'ECONNABORTED' },
  { call: 'accept', error: 'EMFILE' },
]

interface Faults {
  inject(rule: object): void
  clear(): void
}

/** @returns what ends it */
export async function begin(round: Round): Promise<() => void> {
  if (round.misfortune === 'no descriptors') return exhaustDescriptors()
  if (round.misfortune === 'failing calls') return failCalls(round.seed)
  return () => {}
}

/** Takes what is left, lets go of it after a while, and again. */
function exhaustDescriptors(): () => void {
  const taken: number[] = []
  const letGo = () => {
    for (const fd of taken.splice(0)) closeSync(fd)
  }
  const take = () => {
    try {
      for (;;) taken.push(openSync('/dev/null', 'r'))
    } catch {
      for (const fd of taken.splice(-LEFT)) closeSync(fd)
    }
  }
  const timer = setInterval(() => (taken.length > 0 ? letGo() : take()), PERIOD_MS)
  take()
  return () => {
    clearInterval(timer)
    letGo()
  }
}

/** With the `testing` build of the addon; without it, nothing fails. */
async function failCalls(seed: number): Promise<() => void> {
  const addon = new URL('../../../packages/native-poll/dist/index.js', import.meta.url)
  const { loadBinding } = await import(addon.href)
  const faults: Faults | undefined = loadBinding().faults
  if (faults === undefined) return () => {}
  const random = new Random(seed)
  const timer = setInterval(() => {
    faults.clear()
    for (let i = 0; i < 3; i++) {
      faults.inject({ ...random.pick(RULES), after: random.between(0, 50), times: random.between(1, 5) })
    }
  }, PERIOD_MS / 3)
  return () => {
    clearInterval(timer)
    faults.clear()
  }
}
