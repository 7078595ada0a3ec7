/** Values of the multicast options: which group, from which sender, on which interface. */
import { isIP } from 'node:net'
import { RECORD_ADDRESS_BYTES } from '@pollux/native-poll'
import { invalidArgType, invalidArgValue } from '../errors.js'
import { native } from '../native.js'
import { checkInteger, checkObject } from '../validate.js'
import { refused, unsupported } from './option-error.js'
import { MAX_INT, type OptionType } from './option-type.js'
import { layoutOf, Struct } from './struct.js'

/** Which interface multicast of IPv4 leaves or arrives on; neither: the system chooses by its routes. */
export interface Ipv4Interface {
  /** An address of the interface: '192.0.2.1'. Default '0.0.0.0': none. */
  interfaceAddress?: string
  /** Its index, as `if_nametoindex` gives it, which goes before an address. Default 0: none. */
  interfaceIndex?: number
}

/** IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP. */
export interface Ipv4Membership extends Ipv4Interface {
  /** '239.1.2.3' */
  group: string
}

/** IP_ADD_SOURCE_MEMBERSHIP and its kin, which know an interface by its address only. */
export interface Ipv4SourceMembership {
  group: string
  /** The one sender that it is about. */
  source: string
  /** Default '0.0.0.0': the system chooses. */
  interfaceAddress?: string
}

/** IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP, MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP. */
export interface GroupMembership {
  /** 'ff15::7', or of IPv4 at level IPPROTO_IP. */
  group: string
  /** Default 0: the system chooses. */
  interfaceIndex?: number
}

/** MCAST_JOIN_SOURCE_GROUP and its kin. */
export interface SourceGroupMembership extends GroupMembership {
  /** The one sender that it is about. */
  source: string
}

const ANY = '0.0.0.0'

/** IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP: struct ip_mreqn where there is one, else ip_mreq. */
export const ipv4Membership: OptionType<Ipv4Membership, never> = {
  ...setOnlyStruct('ip_mreq'),
  encode(value, option) {
    const { group } = checkObject(value, option) as Ipv4Membership
    return ipv4Request(value, option, pack(group, `${option}.group`, 4, option))
  },
}

/** IP_MULTICAST_IF: the kernel takes index and address, and tells of the address only. */
export const ipv4Interface: OptionType<Ipv4Interface, Ipv4Interface> = {
  struct: 'ip_mreq',
  encode(value, option) {
    checkObject(value, option)
    return ipv4Request(value, option, new Uint8Array(4))
  },
  maxBytes: 4,
  decode: (value) => ({ interfaceAddress: (value as Uint8Array).join('.') }),
}

/** IP_ADD_SOURCE_MEMBERSHIP, IP_BLOCK_SOURCE, …: struct ip_mreq_source. */
export const ipv4SourceMembership: OptionType<Ipv4SourceMembership, never> = {
  ...setOnlyStruct('ip_mreq_source'),
  encode(value, option) {
    const { group, source, interfaceAddress = ANY } = checkObject(value, option) as Ipv4SourceMembership
    return make('ip_mreq_source', option)
      .place('imr_multiaddr', pack(group, `${option}.group`, 4, option))
      .place('imr_sourceaddr', pack(source, `${option}.source`, 4, option))
      .place('imr_interface', pack(interfaceAddress, `${option}.interfaceAddress`, 4, option)).bytes
  },
}

/** IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP: struct ipv6_mreq. */
export const ipv6Membership: OptionType<GroupMembership, never> = {
  ...setOnlyStruct('ipv6_mreq'),
  encode(value, option) {
    const { group, interfaceIndex } = checkObject(value, option) as GroupMembership
    return make('ipv6_mreq', option)
      .place('ipv6mr_multiaddr', pack(group, `${option}.group`, 6, option))
      .set('ipv6mr_interface', indexOf(interfaceIndex, option)).bytes
  },
}

/** MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP: struct group_req. */
export const groupMembership = (version: 4 | 6): OptionType<GroupMembership, never> => ({
  ...setOnlyStruct('group_req'),
  encode(value, option) {
    const { group, interfaceIndex } = checkObject(value, option) as GroupMembership
    return make('group_req', option)
      .set('gr_interface', indexOf(interfaceIndex, option))
      .place('gr_group', sockaddr(group, `${option}.group`, version, option)).bytes
  },
})

/** MCAST_JOIN_SOURCE_GROUP, MCAST_BLOCK_SOURCE, …: struct group_source_req. */
export const sourceGroupMembership = (version: 4 | 6): OptionType<SourceGroupMembership, never> => ({
  ...setOnlyStruct('group_source_req'),
  encode(value, option) {
    const { group, source, interfaceIndex } = checkObject(value, option) as SourceGroupMembership
    return make('group_source_req', option)
      .set('gsr_interface', indexOf(interfaceIndex, option))
      .place('gsr_group', sockaddr(group, `${option}.group`, version, option))
      .place('gsr_source', sockaddr(source, `${option}.source`, version, option)).bytes
  },
})

/** A group, or none, on an interface. */
function ipv4Request(where: Ipv4Interface, option: string, group: Uint8Array): Uint8Array {
  const address = pack(where.interfaceAddress ?? ANY, `${option}.interfaceAddress`, 4, option)
  const index = indexOf(where.interfaceIndex, option)
  if (layoutOf('ip_mreqn') !== undefined) {
    return make('ip_mreqn', option)
      .place('imr_multiaddr', group)
      .place('imr_address', address)
      .set('imr_ifindex', index).bytes
  }
  // POSIX systems take an address for the interface.
  if (index !== 0) throw unsupported('setsockopt', `${option}.interfaceIndex`, 'struct ip_mreqn')
  if (option === 'IP_MULTICAST_IF') return address
  return make('ip_mreq', option).place('imr_multiaddr', group).place('imr_interface', address).bytes
}

function indexOf(interfaceIndex: number | undefined, option: string): number {
  return checkInteger(interfaceIndex ?? 0, `${option}.interfaceIndex`, 0, MAX_INT)
}

/** The address by itself: struct in_addr or in6_addr. */
function pack(host: string, name: string, version: 4 | 6, option: string): Uint8Array {
  const address = sockaddr(host, name, version, option)
  const layout = layoutOf(version === 4 ? 'sockaddr_in' : 'sockaddr_in6')!
  const { offset, bytes } = layout.fields[version === 4 ? 'sin_addr' : 'sin6_addr']
  return address.subarray(offset, offset + bytes)
}

function sockaddr(host: string, name: string, version: 4 | 6, option: string): Uint8Array {
  if (typeof host !== 'string') throw invalidArgType(name, 'of type string', host)
  if (isIP(host) !== version) throw invalidArgValue(name, `must be a numeric IPv${version} address`, host)
  const memory = new ArrayBuffer(RECORD_ADDRESS_BYTES)
  const length = native.encodeAddress(memory, 0, host, 0, 0)
  // An unknown zone.
  if (length < 0) throw refused(length, 'setsockopt', option)
  return new Uint8Array(memory, 0, length)
}

function make(struct: string, option: string): Struct {
  const layout = layoutOf(struct)
  if (layout === undefined) throw unsupported('setsockopt', option, `struct ${struct}`)
  return Struct.make(layout)
}

function setOnlyStruct(struct: string): Omit<OptionType<never, never>, 'encode'> {
  return { struct, maxBytes: 0, decode: undefined }
}
