/** Prints the addresses of a host, and the name that each of them has: dns-lookup.js --name NAME */
import {
  AI_CANONNAME,
  getaddrinfo,
  getnameinfo,
  type IpAddress,
  NI_NAMEREQD,
  SOCK_STREAM,
} from '@pollux/core'
import { readFlags } from './flags.js'

async function nameOf(address: IpAddress): Promise<string> {
  try {
    return (await getnameinfo(address, NI_NAMEREQD)).host
  } catch {
    return '-'
  }
}

const { name } = readFlags({ name: undefined })
// One entry for each address; without a type there would be one for each type of socket as well.
const found = await getaddrinfo(name, null, { socktype: SOCK_STREAM, flags: AI_CANONNAME })
console.log(found[0].canonname ?? name)
for (const { address } of found) {
  console.log(`${address.host} ${await nameOf(address)}`)
}
