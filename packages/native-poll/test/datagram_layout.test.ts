// src/datagrams.ts and native/reactor/datagram_header.h are two halves of one page.
import { readFileSync } from 'node:fs'
import * as layout from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import { closeDatagramPeers, openUdp } from './support/datagrams.js'
import { checkFds } from './support/leaks.js'
import { RawReactor } from './support/raw_reactor.js'
import { BACKENDS } from './support/server.js'

checkFds()
closeDatagramPeers()

const header = readFileSync(new URL('../native/reactor/datagram_header.h', import.meta.url), 'utf8')

function constantOf(name: string): number {
  return Number(header.match(new RegExp(`constexpr \\w+ ${name} = (\\d+);`))?.[1])
}

describe('the layout of datagrams', () => {
  it('has the same words in the same order', () => {
    const body = header.match(/struct SlabHeader \{([^}]*)\}/)?.[1] ?? ''
    const fields = [...body.matchAll(/int32_t (\w+);/g)].map(([, name], at) => [name.toUpperCase(), at])
    expect(Object.fromEntries(fields)).toEqual(layout.DatagramWord)
    expect(layout.DATAGRAM_HEADER_BYTES).toBe(fields.length * 4)
  })

  it('has the same sizes', () => {
    expect(constantOf('kDatagramHeadBytes')).toBe(layout.DATAGRAM_HEAD_BYTES)
    expect(constantOf('kMaxDatagramBytes')).toBe(layout.MAX_DATAGRAM_BYTES)
    expect(constantOf('kDatagramTruncated')).toBe(layout.DATAGRAM_TRUNCATED)
    expect(layout.DATAGRAM_ADDRESS_BYTES).toBe(layout.DATAGRAM_HEAD_BYTES - layout.DATAGRAM_HEADER_BYTES)
  })

  it('places payloads after the address, on 16 bytes', () => {
    expect([0, 1, 16, 28, 110].map(layout.datagramPayloadAt)).toEqual([16, 32, 32, 48, 128])
  })

  it.each(BACKENDS)(
    'has the stride that the reactor returns on %s: an odd number of cache lines',
    (backend) => {
      for (const maxBytes of [1, 63, 64, 65, 1500, 2048, 65_535]) {
        const { stride } = openUdp(new RawReactor(backend), { maxBytes })
        expect(stride).toBe(layout.datagramStride(maxBytes))
        expect(stride).toBeGreaterThanOrEqual(layout.DATAGRAM_HEAD_BYTES + maxBytes)
        expect((stride / 64) % 2).toBe(1)
      }
    },
  )
})
