/** Version 1: a line of text, `PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n`. */
import { isIPv4, isIPv6 } from 'node:net'
import type { IpAddress } from '@pollux/core'
import { frameTooLong, malformedFrame } from '../codecs/codec-error.js'
import { MAX_LINE_BYTES, type ProxyHeader } from './header.js'

const CR = 0x0d
const LF = 0x0a

/** No sign, no space, no zero in front. */
const PORT = /^(0|[1-9]\d{0,4})$/

/** @param bytes that begin with 'PROXY ' */
export function parseLine(bytes: Buffer): { header: ProxyHeader; length: number } | undefined {
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf(LF)
  if (end < 0) {
    if (bytes.length >= MAX_LINE_BYTES) throw frameTooLong(MAX_LINE_BYTES, 'the line of a PROXY header')
    return undefined
  }
  if (bytes[end - 1] !== CR) throw malformedFrame('the line of a PROXY header must end with CR LF')
  return { header: headerOf(bytes.toString('latin1', 0, end - 1).split(' ')), length: end + 1 }
}

function headerOf(words: string[]): ProxyHeader {
  const [, protocol] = words
  // What follows is to be ignored.
  if (protocol === 'UNKNOWN') return headerBetween(undefined, undefined, 'unspecified')
  if (protocol !== 'TCP4' && protocol !== 'TCP6') {
    throw malformedFrame('a PROXY header must speak of TCP4, TCP6 or UNKNOWN')
  }
  if (words.length !== 6) throw malformedFrame('a PROXY header has two addresses and two ports')
  const [, , source, destination, sourcePort, destinationPort] = words
  return headerBetween(
    addressOf(protocol, source, sourcePort),
    addressOf(protocol, destination, destinationPort),
    'stream',
  )
}

function headerBetween(
  source: IpAddress | undefined,
  destination: IpAddress | undefined,
  transport: ProxyHeader['transport'],
): ProxyHeader {
  return { version: 1, command: 'proxy', source, destination, transport, tlvs: [], isChecked: false }
}

function addressOf(protocol: 'TCP4' | 'TCP6', host: string, port: string): IpAddress {
  const isGood = protocol === 'TCP4' ? isIPv4(host) : isIPv6(host) && !host.includes('%')
  if (!isGood) throw malformedFrame(`a PROXY header of ${protocol} has an address that is none`)
  if (!PORT.test(port) || Number(port) > 65_535)
    throw malformedFrame('a PROXY header has a port that is none')
  return { family: protocol === 'TCP4' ? 'IPv4' : 'IPv6', host, port: Number(port) }
}
