/** Happy Eyeballs, version 2 (RFC 8305): in which order the addresses of a name are tried. */
import type { SocketAddress } from '@pollux/core'

/** How long an attempt has for itself before the next one begins beside it (RFC 8305, section 5). */
export const ATTEMPT_DELAY_MS = 250
/** Less would be a flood. */
export const MIN_ATTEMPT_DELAY_MS = 10
/** More would be no race. */
export const MAX_ATTEMPT_DELAY_MS = 2000

/**
 * The resolver's order (RFC 6724), with the families taking turns from the first on: where one family leads nowhere, the
 * second attempt is of the other (RFC 8305, section 4, with a First Address Family Count of 1).
 */
export function interleaved(addresses: readonly SocketAddress[]): SocketAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0].family)
  const second = addresses.filter(({ family }) => family !== addresses[0].family)
  const inTurns: SocketAddress[] = []
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    if (i < first.length) inTurns.push(first[i])
    if (i < second.length) inTurns.push(second[i])
  }
  return inTurns
}
