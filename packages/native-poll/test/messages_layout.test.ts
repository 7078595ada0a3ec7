// src/messages.ts and the headers of the addon are two halves of one page.
import { readFileSync } from 'node:fs'
import { CONTROL_FIELDS, ControlKind, DatagramRecord, RECORD_ADDRESS_BYTES } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'

const read = (name: string) => readFileSync(new URL(`../native/${name}`, import.meta.url), 'utf8')

/** `kIpTtl` as the name in JavaScript. */
const NAMES: Record<string, keyof typeof ControlKind> = {
  kUnknown: 'UNKNOWN',
  kRights: 'RIGHTS',
  kCredentials: 'CREDENTIALS',
  kIpPktinfo: 'IP_PKTINFO',
  kIpv6Pktinfo: 'IPV6_PKTINFO',
  kIpTtl: 'IP_TTL',
  kIpv6HopLimit: 'IPV6_HOPLIMIT',
  kIpTos: 'IP_TOS',
  kIpv6TrafficClass: 'IPV6_TCLASS',
  kTimestamp: 'TIMESTAMP',
  kTimestampNs: 'TIMESTAMPNS',
  kUdpSegment: 'UDP_SEGMENT',
  kUdpGro: 'UDP_GRO',
}

describe('the page of messages', () => {
  it('has the same kinds of control messages', () => {
    const [, body] = read('calls/control_messages.h').match(/enum class ControlKind[^{]*{([^}]*)}/) ?? []
    const kinds = [...body.matchAll(/(k\w+) = (\d+)/g)].map(([, name, value]) => [NAMES[name], Number(value)])
    expect(Object.fromEntries(kinds)).toEqual(ControlKind)
    expect(read('binding/control_values.h')).toContain(`kControlFields = ${CONTROL_FIELDS};`)
  })

  it('has the same records of a batch', () => {
    const header = read('calls/datagram_records.h')
    const [, body] = header.match(/struct DatagramHeader {([^}]*)}/) ?? []
    const fields = [...body.matchAll(/uint32_t (\w+);/g)].map(([, name], i) => [name.toUpperCase(), i * 4])
    const constant = (name: string) => Number(header.match(new RegExp(`${name} = (\\d+);`))?.[1])
    expect({
      ...Object.fromEntries(fields),
      ADDRESS: constant('kAddressOffset'),
      PAYLOAD: constant('kAddressOffset') + constant('kAddressBytes'),
      ALIGNMENT: constant('kRecordAlignment'),
    }).toEqual(DatagramRecord)
    expect(constant('kAddressBytes')).toBe(RECORD_ADDRESS_BYTES)
  })
})
