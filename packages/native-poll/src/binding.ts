/**
 * What the addon offers, as TypeScript sees it. System calls report failure as a value: a negative result is
 * `-errno`. Only misuse (a wrong type, a slab too small) throws.
 */
import type { NativeAddress } from './addresses.js'
import type { FaultControl } from './faults.js'
import type { NameCalls } from './names.js'
import type { BackendName, NativeReactor, ReactorOptions } from './reactor.js'

/** Where one member of a C struct stands. */
export interface NativeField {
  readonly offset: number
  readonly bytes: number
  readonly signed: boolean
  /** Of a bit-field: its lowest bit within its one byte, and how many bits it has. `bits` is 0 for any other. */
  readonly shift: number
  readonly bits: number
}

/** A C struct as this system's headers lay it out. */
export interface NativeLayout {
  readonly bytes: number
  readonly fields: Readonly<Record<string, NativeField>>
}

export interface NativeBinding extends NameCalls {
  /**
   * Throws a TypeError or RangeError for bad options, and an Error with the property `errno` (negative) when the
   * kernel has no descriptor or thread left. `dispatch(count)` is called with `count` records in the event ring; it must not throw.
   */
  Reactor: new (
    options: ReactorOptions,
    dispatch: (count: number) => void,
  ) => NativeReactor
  /** The backends of this build, the default first. */
  readonly backends: readonly BackendName[]
  /**
   * The system's own values: AF_*, SOCK_*, SHUT_*, MSG_*, SOL_*, SO_*, IPPROTO_*, IP_*, IPV6_*, TCP_*, UDP_*, MCAST_*, AI_*,
   * NI_*, EAI_*, SOMAXCONN, FD_SETSIZE, IOV_MAX. What its headers do not have is not there.
   */
  readonly constants: Readonly<Record<string, number>>
  /** The structs of socket options by their C names; without those that this build's system lacks. */
  readonly optionLayouts: Readonly<Record<string, NativeLayout>>
  /** 'ECONNREFUSED' of a positive errno; 'UNKNOWN' if it has no name. */
  errorName(errno: number): string
  /** strerror(3) of a positive errno. */
  errorText(errno: number): string
  /** The errno of a name, or 0. */
  errorNumber(name: string): number
  /**
   * Writes an address in the kernel's form (a sockaddr) into `buffer`, which has 128 bytes from `offset` on: its length,
   * or `-errno`. A zone in the text goes before `scopeId`; a Unix path has UNIX_PORT and 0.
   */
  encodeAddress(buffer: ArrayBuffer, offset: number, address: string, port: number, scopeId: number): number
  /** The way back; undefined for one of no bytes, `-EAFNOSUPPORT` for a family that there are no words for. */
  decodeAddress(buffer: ArrayBuffer, offset: number, length: number): NativeAddress | number | undefined
  /** CMSG_SPACE(3): bytes of control data that a message with so much data takes. */
  controlSpace(bytes: number): number
  /** CMSG_LEN(3). */
  controlLength(bytes: number): number
  /**
   * poll(2) with no timeout. Entries are three words each: the fd, what is asked for, and what was found, which the call
   * fills in. How many are ready, or `-errno`.
   */
  pollNow(entries: Int32Array): number
  /**
   * select(2) with no timeout. Entries as above; what is asked for and found are bits: 1 to read, 2 to write, 4
   * exceptional. How many bits were found, or `-errno` (EBADF; ERANGE: an fd is negative, or FD_SETSIZE or more).
   */
  selectNow(entries: Int32Array): number
  /** Only in testing builds. */
  readonly faults?: FaultControl
}
