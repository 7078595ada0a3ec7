/** The system's own numbers by their own names, from its headers as the addon was built. */
import { native } from './native.js'

/**
 * All of them. What only some systems have is undefined where it is missing: `constants.MSG_ERRQUEUE`.
 */
export const constants: Readonly<Record<string, number>> = native.constants

/** Address families: socket(2). */
export const { AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX } = constants

/** Socket types: socket(2). */
export const { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW } = constants

/** Protocols: ip(7), ipv6(7). 0 is the one that goes with family and type. */
export const {
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_RAW,
} = constants

/** The longest queue of connections that listen(2) is asked for by default. */
export const { SOMAXCONN } = constants

/** Which half to shut: shutdown(2). */
export const { SHUT_RD, SHUT_WR, SHUT_RDWR } = constants

/** Flags of send(2) and recv(2) that POSIX has. */
export const { MSG_CTRUNC, MSG_DONTROUTE, MSG_DONTWAIT, MSG_EOR, MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL } =
  constants

/** What poll(2) is asked for and reports. POLLRDHUP is not in POSIX: `constants.POLLRDHUP`. */
export const {
  POLLIN,
  POLLPRI,
  POLLOUT,
  POLLERR,
  POLLHUP,
  POLLNVAL,
  POLLRDNORM,
  POLLRDBAND,
  POLLWRNORM,
  POLLWRBAND,
} = constants

/** One more than the largest descriptor that select(2) takes. */
export const { FD_SETSIZE } = constants
