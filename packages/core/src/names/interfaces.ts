/** if_nametoindex(3) and if_indextoname(3): network interfaces by name and by number. */
import { native } from '../native.js'
import { systemError } from '../system-error.js'
import { checkInteger } from '../validate.js'
import { checkName } from './lookup.js'

/** Longer than any interface's name; IF_NAMESIZE is 16 on Linux. */
const MAX_BYTES = 256

/**
 * The index of a network interface: the number of a zone ('fe80::1%2'), and what multicast options take
 * (if_nametoindex(3)).
 *
 * @returns at least 1
 * @throws SocketError ENODEV or ENXIO, by system, if there is no such interface; TypeError for a name that is none
 *
 * @example
 * ```ts
 * import { if_indextoname, if_nametoindex } from '@pollux/core'
 *
 * console.log(if_indextoname(if_nametoindex('lo'))) // lo
 * ```
 */
export function if_nametoindex(name: string): number {
  const result = native.ifNametoindex(checkName(name, 'name', MAX_BYTES))
  if (result < 0) {
    throw systemError(result, 'if_nametoindex', { path: name }, 'no interface of this machine has that name')
  }
  return result
}

/**
 * The name of the network interface with that index (if_indextoname(3)).
 *
 * @param index 0 to 4 294 967 295; no interface has 0
 * @throws SocketError ENXIO if there is no such interface; TypeError or RangeError for what is no index
 */
export function if_indextoname(index: number): string {
  const result = native.ifIndextoname(checkInteger(index, 'index', 0, 0xffffffff))
  if (typeof result === 'number') throw systemError(result, 'if_indextoname')
  return result
}
