/** The options of IPPROTO_TCP and IPPROTO_UDP. Each has its man page; types are those of the values. */
import { flag, int, rawBytes, text, uint } from './option-type.js'
import { tcpInfo } from './tcp-info.js'

/** Room for the name of a congestion control algorithm: Linux has 16 bytes (TCP_CA_NAME_MAX), in no public header. */
const ALGORITHM_NAME_BYTES = 64

/** Room for what an algorithm tells of itself: Linux's largest has 20 bytes (<linux/inet_diag.h>). */
const ALGORITHM_INFO_BYTES = 256

export const IPPROTO_TCP = {
  /** tcp(7): what the congestion control tells of itself: a struct of <linux/inet_diag.h>, as bytes. Read only. */
  TCP_CC_INFO: rawBytes(ALGORITHM_INFO_BYTES),
  /** tcp(7): the congestion control by name; which are allowed stands in net.ipv4.tcp_allowed_congestion_control. */
  TCP_CONGESTION: text(ALGORITHM_NAME_BYTES, { capability: 'CAP_NET_ADMIN' }),
  /** tcp(7): only full segments leave, until it is cleared or 200 ms have gone. */
  TCP_CORK: flag,
  /** tcp(7): a listener takes connections when data has come, or after so many seconds; rounded up to retries. */
  TCP_DEFER_ACCEPT: int(),
  /** tcp(7), RFC 7413: a listener accepts data in the SYN; how many such connections may be pending. */
  TCP_FASTOPEN: int(),
  /** tcp(7), RFC 7413: connect waits for the first write, whose data the SYN carries. */
  TCP_FASTOPEN_CONNECT: flag,
  /** tcp(7): what the kernel knows of the connection. Read only. */
  TCP_INFO: tcpInfo,
  /** tcp(7): how many keepalive probes may go unanswered. */
  TCP_KEEPCNT: int(),
  /** tcp(7): seconds of silence before the first keepalive probe. */
  TCP_KEEPIDLE: int(),
  /** tcp(7): seconds between keepalive probes. */
  TCP_KEEPINTVL: int(),
  /** tcp(7): seconds in FIN-WAIT-2 after close; -1: none. */
  TCP_LINGER2: int(-1),
  /** tcp(7): the largest segment in bytes, before the connection is made. */
  TCP_MAXSEG: int(),
  /** tcp(7): small writes leave at once, without waiting for acknowledgements (Nagle's algorithm off). */
  TCP_NODELAY: flag,
  /** tcp(7): writable only while fewer bytes than this wait to be sent; 0: net.ipv4.tcp_notsent_lowat. */
  TCP_NOTSENT_LOWAT: uint(),
  /** tcp(7): acknowledge at once. Not for good: the kernel goes back to delaying when it sees fit. */
  TCP_QUICKACK: flag,
  /** tcp(7): how many SYNs are sent before connect fails, 1 to 255. */
  TCP_SYNCNT: int(0, 255),
  /** tcp(7): milliseconds that sent data may stay unacknowledged before the connection fails; 0: the default. */
  TCP_USER_TIMEOUT: int(),
  /** tcp(7): the most bytes of the receive window. */
  TCP_WINDOW_CLAMP: int(),
}

export const IPPROTO_UDP = {
  /** udp(7): gather writes into one datagram, until it is cleared. */
  UDP_CORK: flag,
  /** udp(7): datagrams of one sender may arrive joined; UDP_GRO in the control data tells their size. */
  UDP_GRO: flag,
  /** udp(7): split each send into datagrams of so many bytes; 0: don't. */
  UDP_SEGMENT: int(0, 65_535),
}
