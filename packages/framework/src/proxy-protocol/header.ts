/** What a proxy says of the connection that it passes on. */
import type { SocketAddress } from '@pollux/core'

/** A header of the PROXY protocol, as the HAProxy specification has it (proxy-protocol.txt). */
export interface ProxyHeader {
  version: 1 | 2
  /** 'local': the proxy speaks for itself (a health check), and the socket's own addresses hold. */
  command: 'proxy' | 'local'
  /** Who connected to the proxy; undefined with 'local', and where the proxy does not know. */
  source: SocketAddress | undefined
  /** What it connected to. */
  destination: SocketAddress | undefined
  /** 'datagram': the proxy received datagrams. 'unspecified' where it does not say. */
  transport: 'stream' | 'datagram' | 'unspecified'
  /** Version 2: what else the proxy says, in its order; 'NOOP' is left out. */
  tlvs: ProxyTlv[]
  /** The protocol that was agreed on by ALPN (0x01). */
  alpn?: Buffer
  /** The host name that the client asked for, for instance by SNI (0x02). */
  authority?: string
  /** What names the connection, up to 128 bytes (0x05). */
  uniqueId?: Buffer
  /** What the proxy's TLS has agreed on with the client (0x20). */
  ssl?: ProxySsl
  /** The proxy's name for the network namespace (0x30). */
  netns?: string
  /** Whether the header had a checksum (0x03), which was right. */
  isChecked: boolean
}

/** Type, length and value. */
export interface ProxyTlv {
  type: number
  value: Buffer
}

/** TLS between the client and the proxy. */
export interface ProxySsl {
  /** Whether the client connected over TLS. */
  isTls: boolean
  /** Whether it gave a certificate over this connection, and in this session. */
  hasConnectionCertificate: boolean
  hasSessionCertificate: boolean
  /** Whether it gave a certificate, and the proxy found it good. */
  isVerified: boolean
  /** 'TLSv1.3' */
  version?: string
  /** The common name of the client's certificate. */
  commonName?: string
  cipher?: string
  signatureAlgorithm?: string
  keyAlgorithm?: string
  /** All that the proxy said of it. */
  tlvs: ProxyTlv[]
}

/** Numbers of the specification. */
export const TlvType = {
  ALPN: 0x01,
  AUTHORITY: 0x02,
  CRC32C: 0x03,
  NOOP: 0x04,
  UNIQUE_ID: 0x05,
  SSL: 0x20,
  SSL_VERSION: 0x21,
  SSL_CN: 0x22,
  SSL_CIPHER: 0x23,
  SSL_SIG_ALG: 0x24,
  SSL_KEY_ALG: 0x25,
  NETNS: 0x30,
} as const

/** Bits of `PP2_TYPE_SSL`. */
export const SslFlag = { TLS: 1, CERT_CONN: 2, CERT_SESS: 4 } as const

/** Families and transports of version 2, as they stand in one byte. */
export const Family = { UNSPEC: 0, INET: 1, INET6: 2, UNIX: 3 } as const
export const Transport = { UNSPEC: 0, STREAM: 1, DGRAM: 2 } as const

/** '\r\n\r\n\0\r\nQUIT\n': nothing that a server of another protocol takes for a request. */
export const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])

/** The signature, version and command, family and transport, length. */
export const FIXED_BYTES = 16

/** How every header of version 1 begins. */
export const PREFIX = Buffer.from('PROXY ')

/** The longest line of version 1, with its ending. */
export const MAX_LINE_BYTES = 107

/** sizeof(sockaddr_un.sun_path) of Linux. */
export const UNIX_PATH_BYTES = 108
