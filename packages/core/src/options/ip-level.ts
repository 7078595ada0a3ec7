/** The options of IPPROTO_IP and IPPROTO_IPV6. Each has its man page; types are those of the values. */
import {
  groupMembership,
  ipv4Interface,
  ipv4Membership,
  ipv4SourceMembership,
  ipv6Membership,
  sourceGroupMembership,
} from './memberships.js'
import { flag, int, readOnly } from './option-type.js'

/** One byte of a header; -1 stands for the system's default. */
const BYTE = 255

export const IPPROTO_IP = {
  /** ip(7): join a multicast group. Set only. */
  IP_ADD_MEMBERSHIP: ipv4Membership,
  /** ip(7): join a multicast group, for what one source sends. Set only. */
  IP_ADD_SOURCE_MEMBERSHIP: ipv4SourceMembership,
  /** ip(7): bind to an address alone; connect chooses the port. */
  IP_BIND_ADDRESS_NO_PORT: flag,
  /** ip(7): no more from this source, in a group that was joined. Set only. */
  IP_BLOCK_SOURCE: ipv4SourceMembership,
  /** ip(7): leave a multicast group. Set only. */
  IP_DROP_MEMBERSHIP: ipv4Membership,
  /** ip(7): leave a group that was joined for one source. Set only. */
  IP_DROP_SOURCE_MEMBERSHIP: ipv4SourceMembership,
  /** ip(7): bind to an address that this host does not have (yet). */
  IP_FREEBIND: flag,
  /** ip(7): the path's MTU in bytes, of a connected socket. Read only. */
  IP_MTU: readOnly(int()),
  /** ip(7): path MTU discovery, one of IP_PMTUDISC_DONT, _WANT, _DO, _PROBE. */
  IP_MTU_DISCOVER: int(0, BYTE),
  /** ip(7): receive from every group that this host has joined, not only this socket. On by default. */
  IP_MULTICAST_ALL: flag,
  /** ip(7): the interface that multicast leaves by. */
  IP_MULTICAST_IF: ipv4Interface,
  /** ip(7): members on this host receive too. On by default. */
  IP_MULTICAST_LOOP: flag,
  /** ip(7): how many routers multicast may pass, 0: none and no network either. Default 1. */
  IP_MULTICAST_TTL: int(-1, BYTE),
  /** ip(7): each datagram tells its interface and destination (IP_PKTINFO). */
  IP_PKTINFO: flag,
  /** ip(7): errors of the network queue up for MSG_ERRQUEUE. */
  IP_RECVERR: flag,
  /** ip(7): each datagram tells its TOS. */
  IP_RECVTOS: flag,
  /** ip(7): each datagram tells its TTL. */
  IP_RECVTTL: flag,
  /** ip(7), RFC 2474: the type-of-service byte of what is sent: six bits DSCP, two ECN (which TCP keeps to itself). */
  IP_TOS: int(0, BYTE),
  /** ip(7): use addresses of other hosts, as a transparent proxy does. */
  IP_TRANSPARENT: { ...flag, capability: 'CAP_NET_ADMIN' },
  /** ip(7): how many routers a packet may pass, 1 to 255. */
  IP_TTL: int(-1, BYTE),
  /** ip(7): undo IP_BLOCK_SOURCE. Set only. */
  IP_UNBLOCK_SOURCE: ipv4SourceMembership,
  /** RFC 3678, ip(7): IP_BLOCK_SOURCE with an interface by index. Set only. */
  MCAST_BLOCK_SOURCE: sourceGroupMembership(4),
  /** RFC 3678, ip(7): join a group, on an interface by index. Set only. */
  MCAST_JOIN_GROUP: groupMembership(4),
  /** RFC 3678, ip(7): join a group for one source, on an interface by index. Set only. */
  MCAST_JOIN_SOURCE_GROUP: sourceGroupMembership(4),
  /** RFC 3678, ip(7): leave what MCAST_JOIN_GROUP joined. Set only. */
  MCAST_LEAVE_GROUP: groupMembership(4),
  /** RFC 3678, ip(7): leave what MCAST_JOIN_SOURCE_GROUP joined. Set only. */
  MCAST_LEAVE_SOURCE_GROUP: sourceGroupMembership(4),
  /** RFC 3678, ip(7): undo MCAST_BLOCK_SOURCE. Set only. */
  MCAST_UNBLOCK_SOURCE: sourceGroupMembership(4),
}

export const IPPROTO_IPV6 = {
  /** ipv6(7): bind to an address that this host does not have (yet). */
  IPV6_FREEBIND: flag,
  /** ipv6(7), RFC 3493: join a multicast group. Set only. */
  IPV6_JOIN_GROUP: ipv6Membership,
  /** ipv6(7), RFC 3493: leave a multicast group. Set only. */
  IPV6_LEAVE_GROUP: ipv6Membership,
  /** ipv6(7): set, the largest packet to send, 1,280 or more; read, the path's MTU of a connected socket. */
  IPV6_MTU: int(),
  /** ipv6(7): path MTU discovery, one of IPV6_PMTUDISC_DONT, _WANT, _DO, _PROBE. */
  IPV6_MTU_DISCOVER: int(0, BYTE),
  /** ipv6(7): receive from every group that this host has joined, not only this socket. On by default. */
  IPV6_MULTICAST_ALL: flag,
  /** ipv6(7), RFC 3493: how many routers multicast may pass, 0: none and no network either; -1: the default of 1. */
  IPV6_MULTICAST_HOPS: int(-1, BYTE),
  /** ipv6(7), RFC 3493: the index of the interface that multicast leaves by; 0: the system chooses. */
  IPV6_MULTICAST_IF: int(),
  /** ipv6(7), RFC 3493: members on this host receive too. On by default. */
  IPV6_MULTICAST_LOOP: flag,
  /** ipv6(7): errors of the network queue up for MSG_ERRQUEUE. */
  IPV6_RECVERR: flag,
  /** ipv6(7), RFC 3542: each datagram tells its hop limit. */
  IPV6_RECVHOPLIMIT: flag,
  /** ipv6(7), RFC 3542: each datagram tells its interface and destination (IPV6_PKTINFO). */
  IPV6_RECVPKTINFO: flag,
  /** ipv6(7), RFC 3542: each datagram tells its traffic class. */
  IPV6_RECVTCLASS: flag,
  /** ipv6(7), RFC 3542: the traffic class of what is sent: six bits DSCP, two ECN; -1: the default. */
  IPV6_TCLASS: int(-1, BYTE),
  /** ipv6(7): use addresses of other hosts, as a transparent proxy does. */
  IPV6_TRANSPARENT: { ...flag, capability: 'CAP_NET_ADMIN' },
  /** ipv6(7), RFC 3493: how many routers a packet may pass, 1 to 255; -1: the default. */
  IPV6_UNICAST_HOPS: int(-1, BYTE),
  /** ipv6(7), RFC 3493: no IPv4 by mapped addresses. Before bind. */
  IPV6_V6ONLY: flag,
  /** RFC 3678, ipv6(7): no more from this source, in a group that was joined. Set only. */
  MCAST_BLOCK_SOURCE: sourceGroupMembership(6),
  /** RFC 3678, ipv6(7): join a group. Set only. */
  MCAST_JOIN_GROUP: groupMembership(6),
  /** RFC 3678, ipv6(7): join a group, for what one source sends. Set only. */
  MCAST_JOIN_SOURCE_GROUP: sourceGroupMembership(6),
  /** RFC 3678, ipv6(7): leave what MCAST_JOIN_GROUP joined. Set only. */
  MCAST_LEAVE_GROUP: groupMembership(6),
  /** RFC 3678, ipv6(7): leave what MCAST_JOIN_SOURCE_GROUP joined. Set only. */
  MCAST_LEAVE_SOURCE_GROUP: sourceGroupMembership(6),
  /** RFC 3678, ipv6(7): undo MCAST_BLOCK_SOURCE. Set only. */
  MCAST_UNBLOCK_SOURCE: sourceGroupMembership(6),
}
