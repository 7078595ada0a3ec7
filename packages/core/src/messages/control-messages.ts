/** Ancillary data as objects: what goes with sendmsg(2) and comes with recvmsg(2), beside the bytes. */
import type { OwnedFd } from './owned-fd.js'

/**
 * unix(7): descriptors for the other process, at most 253 in a message. They arrive as others for the same open files;
 * those here stay open, and the sender's.
 */
export interface RightsMessage {
  type: 'SCM_RIGHTS'
  /** Sockets and all else that has an `fd`, or numbers. Looked up when the message is sent. */
  fds: readonly (number | { readonly fd: number })[]
}

/** SCM_RIGHTS as it arrives. */
export interface ReceivedRightsMessage {
  type: 'SCM_RIGHTS'
  /** Each must be closed, given away or made a socket. */
  fds: OwnedFd[]
}

/** unix(7), Linux: who sent it, checked by the kernel. The receiver asks for it by SO_PASSCRED. */
export interface CredentialsMessage {
  type: 'SCM_CREDENTIALS'
  pid: number
  uid: number
  gid: number
}

/** ip(7): which way the packet came, or shall go. The receiver asks for it by IP_PKTINFO. */
export interface IpPktinfoMessage {
  type: 'IP_PKTINFO'
  /** 0, when sending: as the routing table says. */
  interfaceIndex: number
  /** Received: where it was addressed to. Sent: the source address, unless there is a `localAddress`. */
  address: string
  /** The address of ours that it came in on; sent, the source address. So a reply can carry it as it came. */
  localAddress?: string
}

/** RFC 3542: the same of IPv6. The receiver asks for it by IPV6_RECVPKTINFO. */
export interface Ipv6PktinfoMessage {
  type: 'IPV6_PKTINFO'
  interfaceIndex: number
  /** Received: where it was addressed to. Sent: the source address. */
  address: string
}

/** ip(7): time to live. Asked for by IP_RECVTTL. */
export interface IpTtlMessage {
  type: 'IP_TTL'
  ttl: number
}

/** RFC 3542. Asked for by IPV6_RECVHOPLIMIT. */
export interface Ipv6HopLimitMessage {
  type: 'IPV6_HOPLIMIT'
  hopLimit: number
}

/** ip(7): type of service, whose lowest two bits are ECN (RFC 3168). Asked for by IP_RECVTOS. */
export interface IpTosMessage {
  type: 'IP_TOS'
  tos: number
}

/** RFC 3542: traffic class, whose lowest two bits are ECN. Asked for by IPV6_RECVTCLASS. */
export interface Ipv6TrafficClassMessage {
  type: 'IPV6_TCLASS'
  trafficClass: number
}

/** socket(7): when the kernel got it, since the epoch. Only ever received; asked for by the option of that name. */
export interface TimestampMessage {
  type: 'SO_TIMESTAMP' | 'SO_TIMESTAMPNS'
  seconds: number
  /** 0 to 999 999 999; of SO_TIMESTAMP whole microseconds. */
  nanoseconds: number
}

/** udp(7), Linux: the kernel cuts the payload into datagrams of that size (GSO). */
export interface UdpSegmentMessage {
  type: 'UDP_SEGMENT'
  bytes: number
}

/** udp(7), Linux: the payload is datagrams of that size, one after the other (GRO). Only ever received. */
export interface UdpGroMessage {
  type: 'UDP_GRO'
  bytes: number
}

/** Everything else, as bytes; also what was cut short for want of `controlBytes`. */
export interface UnknownControlMessage {
  type: 'unknown'
  /** cmsg_level: SOL_SOCKET, IPPROTO_IP, … */
  level: number
  /** cmsg_type. */
  name: number
  /** What CMSG_DATA(3) points to. */
  data: Uint8Array
}

type PlainControlMessage =
  | CredentialsMessage
  | IpPktinfoMessage
  | Ipv6PktinfoMessage
  | IpTtlMessage
  | Ipv6HopLimitMessage
  | IpTosMessage
  | Ipv6TrafficClassMessage
  | TimestampMessage
  | UdpSegmentMessage
  | UdpGroMessage
  | UnknownControlMessage

/** A control message to send; `type` tells which. What was received can be sent, where the kernel allows it. */
export type ControlMessage = PlainControlMessage | RightsMessage

/** A control message that was received. */
export type ReceivedControlMessage = PlainControlMessage | ReceivedRightsMessage
