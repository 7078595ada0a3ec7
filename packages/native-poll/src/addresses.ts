/** Addresses, as the addon takes and gives them. */

/** An IP address as the reactor takes and gives it; `scopeId` is 0 where there is none. */
export interface NativeIpAddress {
  family: 'IPv4' | 'IPv6'
  address: string
  port: number
  scopeId: number
}

/** A Unix address: the path, '' for an unnamed socket, or a name after a NUL byte for an abstract one. */
export interface NativeUnixAddress {
  family: 'Unix'
  path: string
}

export type NativeAddress = NativeIpAddress | NativeUnixAddress

/** What stands for the port where an address is a Unix path. */
export const UNIX_PORT = -1
