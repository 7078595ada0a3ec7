/** The options of SOL_SOCKET. Each has its man page; types are those of the values. */
import {
  flag,
  int,
  linger,
  memoryInfo,
  peerCredentials,
  readOnly,
  setOnly,
  text,
  timeValue,
  uint,
  uint64,
} from './option-type.js'

/** Bytes of an interface's name with its NUL byte (IFNAMSIZ, netdevice(7)). */
const INTERFACE_NAME_BYTES = 16

export const SOL_SOCKET = {
  /** socket(7): whether it listens. Read only. */
  SO_ACCEPTCONN: readOnly(flag),
  /** socket(7): the one interface that it uses, by name; '' for all. */
  SO_BINDTODEVICE: text(INTERFACE_NAME_BYTES, { capability: 'CAP_NET_RAW' }),
  /** socket(7): datagrams may go to a broadcast address. */
  SO_BROADCAST: flag,
  /** socket(7): microseconds that a receive may poll the network card for packets. */
  SO_BUSY_POLL: int(0, undefined, { capability: 'CAP_NET_ADMIN' }),
  /** socket(7): a number that no other socket of this boot has, as ss(8) shows it. Read only. */
  SO_COOKIE: uint64,
  /** socket(7): the address family, AF_INET and so on. Read only. */
  SO_DOMAIN: readOnly(int()),
  /** socket(7): only to hosts that are connected directly, with no gateway. */
  SO_DONTROUTE: flag,
  /** socket(7): the errno that waits, 0 for none; reading clears it. Read only. */
  SO_ERROR: readOnly(int()),
  /** socket(7): the CPU that packets arrived on; set, which CPU's packets a SO_REUSEPORT socket prefers. -1: any. */
  SO_INCOMING_CPU: int(-1),
  /** socket(7): probes find out that a silent peer is gone; see TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT. */
  SO_KEEPALIVE: flag,
  /** socket(7): how close treats unsent bytes; `{ on: true, seconds: 0 }` resets the connection. */
  SO_LINGER: linger,
  /** socket(7): a mark on each packet sent, for routing and filters. */
  SO_MARK: uint({ capability: 'CAP_NET_ADMIN' }),
  /** sock_diag(7), INET_DIAG_SKMEMINFO: the socket's memory in the kernel. Read only. */
  SO_MEMINFO: memoryInfo,
  /** socket(7), tcp(7): urgent data stays within the stream. */
  SO_OOBINLINE: flag,
  /** unix(7): receive SCM_CREDENTIALS with each message. */
  SO_PASSCRED: flag,
  /** socket(7): where MSG_PEEK begins, and moves on from; -1: always at the head. Unix sockets, and newer IP ones. */
  SO_PEEK_OFF: int(-1),
  /** unix(7): who made the peer. Read only. */
  SO_PEERCRED: peerCredentials,
  /** socket(7): queueing priority, 0 to 6; above that needs CAP_NET_ADMIN. */
  SO_PRIORITY: int(0, undefined, { capability: 'CAP_NET_ADMIN' }),
  /** socket(7): the protocol, IPPROTO_TCP and so on. Read only. */
  SO_PROTOCOL: readOnly(int()),
  /** socket(7): receive buffer in bytes; Linux doubles what is set. Before listen or connect, to widen TCP's window. */
  SO_RCVBUF: int(),
  /** socket(7): SO_RCVBUF beyond the limit of net.core.rmem_max. Set only. */
  SO_RCVBUFFORCE: setOnly(int(0, undefined, { capability: 'CAP_NET_ADMIN' })),
  /** socket(7): how many bytes have to be there for a stream socket to be readable. */
  SO_RCVLOWAT: int(),
  /** socket(7): when a blocking receive gives up. Our sockets never block: give `timeoutMs` to `recv` instead. */
  SO_RCVTIMEO: timeValue,
  /** socket(7): bind although connections of an earlier listener linger. */
  SO_REUSEADDR: flag,
  /** socket(7): several sockets on one port; the kernel spreads connections and datagrams over them. */
  SO_REUSEPORT: flag,
  /** socket(7): each datagram tells how many were dropped before it. */
  SO_RXQ_OVFL: flag,
  /** socket(7): send buffer in bytes; Linux doubles what is set. */
  SO_SNDBUF: int(),
  /** socket(7): SO_SNDBUF beyond the limit of net.core.wmem_max. Set only. */
  SO_SNDBUFFORCE: setOnly(int(0, undefined, { capability: 'CAP_NET_ADMIN' })),
  /** socket(7): room for how many bytes makes it writable. Always 1 on Linux, where setting fails: ENOPROTOOPT. */
  SO_SNDLOWAT: int(),
  /** socket(7): when a blocking send gives up. Our sockets never block: give `timeoutMs` to `send` instead. */
  SO_SNDTIMEO: timeValue,
  /** socket(7): each datagram tells when it arrived, in microseconds. */
  SO_TIMESTAMP: flag,
  /** socket(7): each datagram tells when it arrived, in nanoseconds. */
  SO_TIMESTAMPNS: flag,
  /** socket(7): SOCK_STREAM and so on. Read only. */
  SO_TYPE: readOnly(int()),
  /** socket(7), send(2): MSG_ZEROCOPY may be used. */
  SO_ZEROCOPY: flag,
}
