/** Lists of addresses: `net.BlockList`, or the same written as text. */
import { BlockList, isIP } from 'node:net'
import { checkInteger, invalidArgType, invalidArgValue } from '@pollux/core'

/** A `net.BlockList`, or addresses and subnets: `['192.0.2.7', '10.0.0.0/8', '2001:db8::/32']`. */
export type AddressList = BlockList | readonly string[]

const MAX_PREFIX = { ipv4: 32, ipv6: 128 } as const

/**
 * The list as one that can be asked. A BlockList is used as it is, so that what its owner adds later counts as well.
 *
 * @throws TypeError or RangeError that names the entry
 */
export function addressList(list: AddressList, name: string): BlockList {
  if (list instanceof BlockList) return list
  if (!Array.isArray(list)) throw invalidArgType(name, 'a net.BlockList or an array of strings', list)
  const made = new BlockList()
  list.forEach((entry: unknown, index) => {
    addEntry(made, entry, `${name}[${index}]`)
  })
  return made
}

/** @param host an IP address without a zone */
export function isListed(list: BlockList, host: string): boolean {
  return list.check(host, host.includes(':') ? 'ipv6' : 'ipv4')
}

function addEntry(list: BlockList, entry: unknown, name: string): void {
  if (typeof entry !== 'string') throw invalidArgType(name, 'of type string', entry)
  const slash = entry.indexOf('/')
  const host = slash < 0 ? entry : entry.slice(0, slash)
  const version = isIP(host)
  if (version === 0 || host.includes('%')) {
    throw invalidArgValue(name, "must be an IP address or a subnet such as '10.0.0.0/8'", entry)
  }
  const family = version === 4 ? 'ipv4' : 'ipv6'
  if (slash < 0) {
    list.addAddress(host, family)
    return
  }
  const bits = entry.slice(slash + 1)
  if (!/^\d{1,3}$/.test(bits)) throw invalidArgValue(name, 'must end with the number of bits', entry)
  list.addSubnet(host, checkInteger(Number(bits), name, 0, MAX_PREFIX[family]), family)
}
