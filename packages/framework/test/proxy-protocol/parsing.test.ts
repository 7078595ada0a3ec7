// The parser of the PROXY protocol's headers: any bytes, split anywhere.
import {
  CodecError,
  encodeProxyHeader,
  type ProxyHeaderInit,
  parseProxyHeader,
  type SocketAddress,
} from '@pollux/framework'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const SIGNATURE = '0d0a0d0a000d0a515549540a'
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const parsed = (bytes: Uint8Array) => parseProxyHeader(bytes)?.header

const ipv4 = (host: string, port: number): SocketAddress => ({ family: 'IPv4', host, port })
const ipv6 = (host: string, port: number): SocketAddress => ({ family: 'IPv6', host, port })

describe('a header of version 1', () => {
  it.each([
    ['TCP4 192.0.2.1 198.51.100.2 56324 443', ipv4('192.0.2.1', 56324), ipv4('198.51.100.2', 443)],
    ['TCP4 255.255.255.255 0.0.0.0 65535 0', ipv4('255.255.255.255', 65535), ipv4('0.0.0.0', 0)],
    ['TCP6 2001:db8::1 ::1 1 2', ipv6('2001:db8::1', 1), ipv6('::1', 2)],
  ])('says %s', (line, source, destination) => {
    const bytes = Buffer.from(`PROXY ${line}\r\nGET /`)
    const { header, length } = parseProxyHeader(bytes) ?? {}
    expect(header).toMatchObject({ version: 1, command: 'proxy', source, destination, transport: 'stream' })
    expect(bytes.toString('latin1', length)).toBe('GET /')
  })

  it.each(['UNKNOWN', 'UNKNOWN ffff:f...f:ffff what ever 65535'])('knows no addresses: %s', (line) => {
    expect(parsed(Buffer.from(`PROXY ${line}\r\n`))).toMatchObject({ version: 1, source: undefined })
  })

  it.each([
    ['another protocol', 'PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n'],
    ['an address of the other family', 'PROXY TCP4 ::1 198.51.100.2 1 2\r\n'],
    ['a short address', 'PROXY TCP4 127.1 198.51.100.2 1 2\r\n'],
    ['an address with zeros in front', 'PROXY TCP4 192.000.002.001 198.51.100.2 1 2\r\n'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
    ['a port too high', 'PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n'],
    ['a port with a zero in front', 'PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n'],
    ['a port with a sign', 'PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n'],
    ['two spaces', 'PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n'],
    ['a space at the end', 'PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n'],
    ['too few words', 'PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n'],
    ['no CR', 'PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n'],
    ['small letters', 'proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n'],
    ['a request', 'GET / HTTP/1.1\r\n\r\n'],
  ])('with %s is none', (_, line) => {
    expect(() => parseProxyHeader(Buffer.from(line))).toThrow(
      expect.objectContaining({ name: 'CodecError', code: 'ERR_POLLUX_MALFORMED_FRAME' }),
    )
  })

  it('has 107 bytes at most, its ending included', () => {
    const start = 'PROXY UNKNOWN '
    const longest = `${start}${'x'.repeat(107 - start.length - 2)}\r\n`
    expect(parseProxyHeader(Buffer.from(longest))).toMatchObject({ length: 107 })
    expect(parseProxyHeader(Buffer.from(longest.slice(0, 106)))).toBe(undefined)
    expect(() => parseProxyHeader(Buffer.from(longest.replace('\r\n', 'xx')))).toThrow(
      expect.objectContaining({ code: 'ERR_POLLUX_FRAME_TOO_LONG' }),
    )
  })
})

describe('a header of version 2', () => {
  it('of IPv4, as the specification lays it out', () => {
    const bytes = hex(`${SIGNATURE} 21 11 000c c0000201 c6336402 dc04 01bb`)
    expect(parseProxyHeader(bytes)).toMatchObject({
      length: 28,
      header: {
        version: 2,
        command: 'proxy',
        transport: 'stream',
        source: ipv4('192.0.2.1', 56324),
        destination: ipv4('198.51.100.2', 443),
        tlvs: [],
        isChecked: false,
      },
    })
  })

  it('of a health check says nothing of addresses, whatever stands in their place', () => {
    for (const rest of ['00 0000', '11 000c c0000201 c6336402 dc04 01bb', 'ff 0003 ffffff']) {
      expect(parsed(hex(`${SIGNATURE} 20 ${rest}`))).toMatchObject({ command: 'local', source: undefined })
    }
  })

  it('of an unknown family has no addresses, and may say other things', () => {
    expect(parsed(hex(`${SIGNATURE} 21 00 0005 02 0002 6869`))).toMatchObject({
      command: 'proxy',
      source: undefined,
      transport: 'unspecified',
      authority: 'hi',
    })
  })

  it('says what TLS the client spoke with the proxy', () => {
    const ssl = '20 0015 07 00000000 21 0007 544c5376312e33 22 0003 626f62'.replaceAll(' ', '')
    const bytes = hex(`${SIGNATURE} 21 00 0018 ${ssl}`)
    expect(parsed(bytes)?.ssl).toMatchObject({
      isTls: true,
      hasConnectionCertificate: true,
      hasSessionCertificate: true,
      isVerified: true,
      version: 'TLSv1.3',
      commonName: 'bob',
    })
  })

  it('is not verified where no certificate was given', () => {
    expect(parsed(hex(`${SIGNATURE} 21 00 0008 20 0005 01 00000000`))?.ssl).toMatchObject({
      isTls: true,
      isVerified: false,
    })
  })

  it.each([
    ['version 1', '11 11 000c c0000201 c6336402 dc04 01bb'],
    ['a command that is none', '22 11 000c c0000201 c6336402 dc04 01bb'],
    ['a family that is none', '21 41 000c c0000201 c6336402 dc04 01bb'],
    ['a transport that is none', '21 13 000c c0000201 c6336402 dc04 01bb'],
    ['too few bytes for its addresses', '21 11 000b c0000201 c6336402 dc04 01'],
    ['a TLV cut short', '21 00 0002 02 00'],
    ['a TLV longer than itself', '21 00 0004 02 0002 00'],
    ['a short checksum', '21 00 0006 03 0003 000000'],
    ['a wrong checksum', '21 00 0007 03 0004 00000000'],
    ['a unique id of 129 bytes', `21 00 0084 05 0081 ${'00'.repeat(129)}`],
    ['TLS without its flags', '21 00 0007 20 0004 01000000'],
  ])('with %s is none', (_, rest) => {
    expect(() => parseProxyHeader(hex(`${SIGNATURE} ${rest}`))).toThrow(
      expect.objectContaining({ name: 'CodecError', code: 'ERR_POLLUX_MALFORMED_FRAME' }),
    )
  })

  it('is too long as soon as it says so', () => {
    const bytes = hex(`${SIGNATURE} 21 11 ffff`)
    expect(() => parseProxyHeader(bytes)).toThrow(
      expect.objectContaining({ code: 'ERR_POLLUX_FRAME_TOO_LONG' }),
    )
    expect(parseProxyHeader(bytes, { maxHeaderBytes: 16 + 65_535 })).toBe(undefined)
  })

  it('keeps nothing of the memory that it was parsed from', () => {
    const bytes = encodeProxyHeader({ uniqueId: Buffer.from('unique'), alpn: 'h2', ...between('IPv4') })
    const header = parsed(bytes)
    bytes.fill(0xee)
    expect(header).toMatchObject({ uniqueId: Buffer.from('unique'), alpn: Buffer.from('h2') })
  })
})

const between = (family: 'IPv4' | 'IPv6') =>
  family === 'IPv4'
    ? { source: ipv4('192.0.2.1', 1), destination: ipv4('192.0.2.2', 2) }
    : { source: ipv6('2001:db8::1', 1), destination: ipv6('2001:db8::2', 2) }

const port = fc.integer({ min: 0, max: 65_535 })
const anyIpv4 = fc.tuple(fc.ipV4(), port).map(([host, port]) => ipv4(host, port))
// The text that inet_ntop(3) makes of it, which is what the parser says.
const anyIpv6 = fc
  .tuple(fc.array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 }), port)
  .map(([words, port]) => ipv6(words.map((word) => word.toString(16)).join(':'), port))
const anyUnix = fc
  .string({ unit: fc.constantFrom('a', '/', '.', 'é'), minLength: 1, maxLength: 50 })
  .map((path): SocketAddress => ({ family: 'Unix', path }))
const anyPair = (...kinds: fc.Arbitrary<SocketAddress>[]) =>
  fc.oneof(...kinds.map((kind) => fc.record({ source: kind, destination: kind })))

const anyInit: fc.Arbitrary<ProxyHeaderInit> = fc.oneof(
  fc.tuple(anyPair(anyIpv4, anyIpv6), fc.constant({ version: 1 as const })).map(([a, b]) => ({ ...a, ...b })),
  fc
    .tuple(
      anyPair(anyIpv4, anyIpv6, anyUnix),
      fc.record(
        {
          alpn: fc.uint8Array({ maxLength: 20 }),
          authority: fc.string({ maxLength: 20 }),
          uniqueId: fc.uint8Array({ maxLength: 128 }),
          crc32c: fc.boolean(),
          tlvs: fc.array(
            fc.record({
              type: fc.integer({ min: 0xe0, max: 0xff }),
              value: fc.uint8Array({ maxLength: 30 }),
            }),
            { maxLength: 4 },
          ),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([addresses, rest]) => ({ ...addresses, ...rest })),
)

const RUNS = { numRuns: 300 }

describe('the parser', () => {
  it('takes what the writer makes for what it was', () => {
    fc.assert(
      fc.property(anyInit, fc.uint8Array({ maxLength: 50 }), (init, behind) => {
        const bytes = encodeProxyHeader(init)
        const result = parseProxyHeader(Buffer.concat([bytes, behind]))
        expect(result?.length).toBe(bytes.length)
        const header = result?.header
        expect(header).toMatchObject({ source: init.source, destination: init.destination })
        if (init.version === 1) return
        expect(header?.isChecked).toBe(init.crc32c ?? false)
        expect(header?.authority).toBe(init.authority && Buffer.from(init.authority).toString())
        if (init.uniqueId) expect(Buffer.from(init.uniqueId).equals(header?.uniqueId as Buffer)).toBe(true)
        if (init.alpn) expect(Buffer.from(init.alpn as Uint8Array).equals(header?.alpn as Buffer)).toBe(true)
      }),
      RUNS,
    )
  })

  it('wants more until the last byte is there, wherever it is split', () => {
    fc.assert(
      fc.property(anyInit, fc.nat(), (init, where) => {
        const bytes = encodeProxyHeader(init)
        expect(parseProxyHeader(bytes.subarray(0, where % bytes.length))).toBe(undefined)
      }),
      RUNS,
    )
  })

  it('throws nothing but CodecError at any bytes', () => {
    const begun = fc
      .tuple(
        fc.constantFrom(Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '), hex(SIGNATURE)),
        fc.uint8Array(),
      )
      .map(([start, rest]) => Buffer.concat([start, rest]))
    const lines = fc
      .string({ unit: fc.constantFrom('1', '.', ':', ' ', 'T', 'f', '\r', '\n', '\0'), maxLength: 120 })
      .map((text) => Buffer.from(`PROXY TCP6 ${text}\r\n`))
    const binary = fc
      .tuple(fc.constantFrom(0, 0x11, 0x21, 0x31, 0x12), fc.uint8Array({ maxLength: 300 }))
      .map(([family, rest]) => {
        const length = Buffer.from([rest.length >> 8, rest.length & 255])
        return Buffer.concat([hex(SIGNATURE), Buffer.from([0x21, family]), length, rest])
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), begun, lines, binary), (bytes) => {
        try {
          const result = parseProxyHeader(bytes)
          if (result !== undefined) expect(result.length).toBeLessThanOrEqual(bytes.length)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('finds each flipped bit of a header with a checksum', () => {
    const good = encodeProxyHeader({ ...between('IPv6'), uniqueId: Buffer.from('x'), crc32c: true })
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Buffer.from(good)
      bad[bit >> 3] ^= 1 << (bit & 7)
      let header: unknown
      try {
        header = parseProxyHeader(bad)
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError)
        continue
      }
      // It is incomplete, a health check whose rest is ignored, or has no checksum any more.
      if (header !== undefined) expect(header).not.toMatchObject({ header: { isChecked: true } })
    }
  })
})

describe('the writer', () => {
  it('writes both addresses as IPv6 where one is', () => {
    const init = { source: ipv4('192.0.2.1', 1), destination: ipv6('2001:db8::2', 2) }
    expect(encodeProxyHeader({ ...init, version: 1 }).toString()).toBe(
      'PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n',
    )
    expect(parsed(encodeProxyHeader(init))).toMatchObject({ source: ipv6('::ffff:192.0.2.1', 1) })
  })

  it('says that nothing is known', () => {
    expect(encodeProxyHeader({ version: 1 }).toString()).toBe('PROXY UNKNOWN\r\n')
    expect(parsed(encodeProxyHeader({}))).toMatchObject({ command: 'local' })
  })

  it.each<[string, unknown]>([
    ['one address alone', { source: ipv4('192.0.2.1', 1) }],
    [
      'a Unix socket and another',
      { source: { family: 'Unix', path: '/a' }, destination: ipv4('192.0.2.1', 1) },
    ],
    ['a name for an address', { source: ipv4('localhost', 1), destination: ipv4('192.0.2.1', 1) }],
    ['a port too high', { ...between('IPv4'), source: ipv4('192.0.2.1', 65_536) }],
    ['version 3', { version: 3 }],
    ['a unique id of 129 bytes', { uniqueId: Buffer.alloc(129) }],
    ['a checksum of its own', { tlvs: [{ type: 3, value: Buffer.alloc(4) }] }],
    ['a type of 256', { tlvs: [{ type: 256, value: Buffer.alloc(4) }] }],
    ['more than a length can say', { tlvs: [{ type: 224, value: Buffer.alloc(65_533) }] }],
  ])('refuses %s', (_, init) => {
    expect(() => encodeProxyHeader(init as ProxyHeaderInit)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_(INVALID_ARG|OUT_OF)/) }),
    )
  })
})
