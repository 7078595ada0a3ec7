// Whether this process may do what only some may (capabilities(7)).
import { readFileSync } from 'node:fs'

const BITS = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n } as const

export type Capability = keyof typeof BITS

/** Whether the capability is in effect. */
export function hasCapability(capability: Capability): boolean {
  const effective = readFileSync('/proc/self/status', 'utf8').match(/^CapEff:\s*([\da-f]+)$/m)?.[1]
  return effective !== undefined && ((BigInt(`0x${effective}`) >> BITS[capability]) & 1n) === 1n
}

/** An ordinary user, of no importance which. */
const NOBODY = 65534

/** Runs `run` as an ordinary user has it: root's effective capabilities are gone meanwhile. */
export function withoutCapabilities<T>(run: () => T): T {
  if (process.geteuid?.() !== 0) return run()
  process.seteuid?.(NOBODY)
  try {
    return run()
  } finally {
    process.seteuid?.(0)
  }
}
