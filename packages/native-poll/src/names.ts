/**
 * Name services and small address calls, as the addon offers them.
 *
 * What can block runs on a thread of its own. It gives a ticket (at least 1), or `-errno` if it could not begin;
 * `-EINVAL` for text that holds a NUL byte or is no address where one is needed. Then `done` is called once, later,
 * unless the ticket was cancelled. Until then the ticket keeps the process alive.
 */
import type { NativeIpAddress } from './addresses.js'

/** Why a look-up failed. */
export interface NativeLookupFailure {
  /** 'EAI_NONAME', or 'HOST_NOT_FOUND' of the older calls; 'UNKNOWN' if it has no name. */
  code: string
  /** The value of that name in netdb.h. */
  error: number
  /** gai_strerror(3) or hstrerror(3). */
  text: string
  /** `-errno` where the code is 'EAI_SYSTEM' or 'NETDB_INTERNAL', else 0. */
  systemError: number
}

export type LookupDone<T> = (failure: NativeLookupFailure | null, result: T) => void

/** An `addrinfo`. */
export interface NativeAddressInfo {
  flags: number
  family: number
  socktype: number
  protocol: number
  address: NativeIpAddress
  /** In the first entry, if AI_CANONNAME was asked for. */
  canonname?: string
}

/** A `hostent`. */
export interface NativeHostEntry {
  name: string
  aliases: string[]
  family: number
  addresses: string[]
}

export interface NameCalls {
  /** getaddrinfo(3). */
  getaddrinfo(
    host: string | null,
    service: string | null,
    flags: number,
    family: number,
    socktype: number,
    protocol: number,
    done: LookupDone<NativeAddressInfo[]>,
  ): number
  /** getnameinfo(3); `-ENODEV` for an unknown zone of the address. */
  getnameinfo(
    address: string,
    port: number,
    flags: number,
    done: LookupDone<{ host: string; service: string }>,
  ): number
  /** gethostbyname_r(3), IPv4. */
  gethostbyname(name: string, done: LookupDone<NativeHostEntry>): number
  /** gethostbyaddr_r(3) of a numeric IPv4 address. */
  gethostbyaddr(address: string, done: LookupDone<NativeHostEntry>): number
  /** Its `done` is not called any more, and it keeps nothing alive. Of a ticket that has ended: nothing. */
  cancelLookup(ticket: number): void
  /** inet_pton(3): the bytes, 0 for text that is no such address, or `-errno`. */
  inetPton(family: number, text: string): Uint8Array | number
  /** inet_ntop(3) of exactly 4 or 16 bytes: the text, or `-errno`. */
  inetNtop(family: number, bytes: Uint8Array): string | number
  /** if_nametoindex(3): the index, or `-errno`. */
  ifNametoindex(name: string): number
  /** if_indextoname(3): the name, or `-errno`. */
  ifIndextoname(index: number): string | number
}
