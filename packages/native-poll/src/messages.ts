/**
 * Control messages between JavaScript and the addon: one flat list, `CONTROL_FIELDS` values for each message. The first
 * is its kind; the others depend on it, and are undefined where there are fewer.
 *
 * The C++ half of this page is `native/binding/control_values.h`.
 */

/** Values of one control message in the list. */
export const CONTROL_FIELDS = 5

/** What the values are, by kind. */
export const ControlKind = {
  /** level, name, data */
  UNKNOWN: 0,
  /** file descriptors (received: handles) */
  RIGHTS: 1,
  /** pid, uid, gid */
  CREDENTIALS: 2,
  /** interface, address, local address */
  IP_PKTINFO: 3,
  /** interface, address */
  IPV6_PKTINFO: 4,
  /** number */
  IP_TTL: 5,
  /** number */
  IPV6_HOPLIMIT: 6,
  /** number */
  IP_TOS: 7,
  /** number */
  IPV6_TCLASS: 8,
  /** seconds, nanoseconds */
  TIMESTAMP: 9,
  /** seconds, nanoseconds */
  TIMESTAMPNS: 10,
  /** bytes */
  UDP_SEGMENT: 11,
  /** bytes */
  UDP_GRO: 12,
} as const

/**
 * Layout of one record of a batch of datagrams, in bytes. The C++ half of it is `native/calls/datagram_batch.h`.
 */
export const DatagramRecord = {
  /** Bytes of the payload. */
  BYTES: 0,
  /** MSG_TRUNC and such, of one that was received. */
  FLAGS: 4,
  /** UDP_SEGMENT to send with, UDP_GRO as received; 0: none. */
  SEGMENT_BYTES: 8,
  /** 0: to the connected peer, or none received. */
  ADDRESS_BYTES: 12,
  /** Of the whole datagram, when it was received with MSG_TRUNC; else as BYTES. */
  DATAGRAM_BYTES: 16,
  ADDRESS: 32,
  PAYLOAD: 160,
  /** Records begin at multiples of it. */
  ALIGNMENT: 32,
} as const

/** The most bytes of an address in a record. */
export const RECORD_ADDRESS_BYTES = 128
