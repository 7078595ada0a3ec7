/** What a header of version 2 says beside the addresses. */
import { malformedFrame } from '../codecs/codec-error.js'
import { crc32c } from './crc32c.js'
import { type ProxyHeader, type ProxySsl, type ProxyTlv, SslFlag, TlvType } from './header.js'

const MAX_UNIQUE_ID_BYTES = 128

/** All of them, from `start` to the end. */
export function readTlvs(bytes: Buffer, start: number): ProxyTlv[] {
  const tlvs: ProxyTlv[] = []
  let at = start
  while (at < bytes.length) {
    if (at + 3 > bytes.length) throw malformedFrame('a PROXY header ends within a TLV')
    const end = at + 3 + bytes.readUInt16BE(at + 1)
    if (end > bytes.length) throw malformedFrame('a TLV of a PROXY header is longer than the header')
    if (bytes[at] !== TlvType.NOOP) tlvs.push({ type: bytes[at], value: bytes.subarray(at + 3, end) })
    at = end
  }
  return tlvs
}

/**
 * Enters those that are known into the header.
 *
 * @param whole the header's bytes; that of the checksum are put back as they were
 */
export function describeTlvs(header: ProxyHeader, whole: Buffer): void {
  for (const { type, value } of header.tlvs) {
    if (type === TlvType.ALPN) header.alpn = value
    else if (type === TlvType.AUTHORITY) header.authority = value.toString()
    else if (type === TlvType.UNIQUE_ID) header.uniqueId = uniqueIdOf(value)
    else if (type === TlvType.SSL) header.ssl = sslOf(value)
    else if (type === TlvType.NETNS) header.netns = value.toString('latin1')
    else if (type === TlvType.CRC32C) {
      checkSum(value, whole)
      header.isChecked = true
    }
  }
}

function uniqueIdOf(value: Buffer): Buffer {
  if (value.length > MAX_UNIQUE_ID_BYTES) throw malformedFrame('the unique id of a PROXY header is too long')
  return value
}

/** The checksum is that of the header with zeros in the checksum's place. */
function checkSum(value: Buffer, whole: Buffer): void {
  if (value.length !== 4) throw malformedFrame('the checksum of a PROXY header has four bytes')
  const expected = value.readUInt32BE(0)
  // It is a view of the header.
  value.fill(0)
  const actual = crc32c(whole)
  value.writeUInt32BE(expected, 0)
  if (actual !== expected) throw malformedFrame('the checksum of a PROXY header is wrong')
}

function sslOf(value: Buffer): ProxySsl {
  if (value.length < 5) throw malformedFrame('what a PROXY header says of TLS is too short')
  const flags = value[0]
  const hasCertificate = (flags & (SslFlag.CERT_CONN | SslFlag.CERT_SESS)) !== 0
  const ssl: ProxySsl = {
    isTls: (flags & SslFlag.TLS) !== 0,
    hasConnectionCertificate: (flags & SslFlag.CERT_CONN) !== 0,
    hasSessionCertificate: (flags & SslFlag.CERT_SESS) !== 0,
    // 0 without a certificate means nothing.
    isVerified: hasCertificate && value.readUInt32BE(1) === 0,
    tlvs: readTlvs(value, 5),
  }
  for (const tlv of ssl.tlvs) {
    const text = tlv.value.toString()
    if (tlv.type === TlvType.SSL_VERSION) ssl.version = text
    else if (tlv.type === TlvType.SSL_CN) ssl.commonName = text
    else if (tlv.type === TlvType.SSL_CIPHER) ssl.cipher = text
    else if (tlv.type === TlvType.SSL_SIG_ALG) ssl.signatureAlgorithm = text
    else if (tlv.type === TlvType.SSL_KEY_ALG) ssl.keyAlgorithm = text
  }
  return ssl
}
