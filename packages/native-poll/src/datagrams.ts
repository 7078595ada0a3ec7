/**
 * How a datagram lies in memory that both sides see. The C++ half of this page is
 * `native/reactor/datagram_header.h`, which has the drawing; `test/datagram_layout.test.ts` checks that they agree.
 */

/** 32-bit words of a datagram's header, which stands before its address. */
export const DatagramWord = {
  /** Bytes of the payload. */
  BYTES: 0,
  /** Bytes of the sockaddr; 0 where there is none. */
  ADDRESS_BYTES: 1,
  /** The payload is several datagrams of this size (the last may be shorter); 0: it is one. */
  SEGMENT_BYTES: 2,
  /** {@link DATAGRAM_TRUNCATED} or 0. */
  FLAGS: 3,
} as const

/** Bytes of the header; the sockaddr follows. */
export const DATAGRAM_HEADER_BYTES = 16

/** Bytes from the header of a received datagram to its payload. */
export const DATAGRAM_HEAD_BYTES = 128

/** The largest sockaddr. */
export const DATAGRAM_ADDRESS_BYTES = 112

/** The most bytes of a payload, received or sent. */
export const MAX_DATAGRAM_BYTES = 65_535

/** In FLAGS: the datagram was longer than the socket takes, and its end is lost. */
export const DATAGRAM_TRUNCATED = 1

/** Bytes from the header to the payload in the send slab, where the address is padded to 16. */
export function datagramPayloadAt(addressBytes: number): number {
  return DATAGRAM_HEADER_BYTES + ((addressBytes + 15) & ~15)
}

/** Bytes from one datagram of a batch to the next; `openDatagrams` returns it. */
export function datagramStride(maxDatagramBytes: number): number {
  return (Math.floor((DATAGRAM_HEAD_BYTES + maxDatagramBytes + 63) / 64) | 1) * 64
}
