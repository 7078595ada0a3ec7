// TCP_INFO against what Python reads of the same socket, and against what was sent.
import { endianness } from 'node:os'
import {
  AF_INET,
  EventLoop,
  SOCK_STREAM,
  SOCKET_OPTIONS,
  type Socket,
  socket,
  type TcpInfo,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../../native-poll/test/support/child.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { readHex, readNumbers } from '../../../native-poll/test/support/option_reader.js'
import { binding } from '../../../native-poll/test/support/raw_reactor.js'

checkFds()
afterEach(() => EventLoop.default().close())

const here = { host: '127.0.0.1', port: 0 }
const layout = binding.optionLayouts.tcp_info

/** As <linux/tcp.h> has them one after the other; '' for bytes that are compared otherwise. */
const FIELDS: readonly (readonly [format: string, names: readonly (keyof TcpInfo | '')[]])[] = [
  ['8B', ['', '', 'consecutiveTimeouts', 'unansweredProbes', 'backoff', '', '', '']],
  [
    '24I',
    [
      'retransmitTimeoutUs',
      'acknowledgeTimeoutUs',
      'sendSegmentBytes',
      'receiveSegmentBytes',
      'unackedSegments',
      'sackedSegments',
      'lostSegments',
      'retransmittedSegments',
      'forwardAckedSegments',
      'lastDataSentMs',
      'lastAckSentMs',
      'lastDataReceivedMs',
      'lastAckReceivedMs',
      'pathMtuBytes',
      'receiveThresholdBytes',
      'rttUs',
      'rttVarianceUs',
      'slowStartThresholdSegments',
      'congestionWindowSegments',
      'advertisedSegmentBytes',
      'reorderingSegments',
      'receiveRttUs',
      'receiveSpaceBytes',
      'totalRetransmittedSegments',
    ],
  ],
  ['4Q', ['pacingBytesPerSecond', 'maxPacingBytesPerSecond', 'ackedBytes', 'receivedBytes']],
  [
    '6I',
    [
      'sentSegments',
      'receivedSegments',
      'notSentBytes',
      'minRttUs',
      'receivedDataSegments',
      'sentDataSegments',
    ],
  ],
  ['4Q', ['deliveryBytesPerSecond', 'busyUs', 'receiveWindowLimitedUs', 'sendBufferLimitedUs']],
  ['2I', ['deliveredSegments', 'deliveredMarkedSegments']],
  ['2Q', ['sentBytes', 'retransmittedBytes']],
  ['4I', ['duplicateSegments', 'reorderingsSeen', 'outOfOrderSegments', 'sendWindowBytes']],
]

const FORMAT = `=${FIELDS.map(([format]) => format).join('')}`
const NAMES = FIELDS.flatMap(([, names]) => names)
/** They go on by themselves. */
const CLOCKS: ReadonlySet<string> = new Set(['lastDataSentMs', 'lastDataReceivedMs', 'lastAckReceivedMs'])

const infoOf = (socket: Socket) => socket.getsockopt('IPPROTO_TCP', 'TCP_INFO')

/** A listener of ours, and Python's connection to it, which answers with as many bytes as it got. */
async function connection(): Promise<{ child: Child; subject: Socket }> {
  const listener = socket(AF_INET, SOCK_STREAM)
  listener.bind(here)
  listener.listen()
  const { port } = listener.getsockname() as { port: number }
  const child = Child.run('python3', [
    '-c',
    `import socket
peer = socket.create_connection(('127.0.0.1', ${port}))
while data := peer.recv(65536): peer.sendall(data)`,
  ])
  const { socket: subject } = await listener.accept()
  listener.close()
  return { child, subject }
}

async function exchange(subject: Socket, bytes: number): Promise<void> {
  await subject.send(new Uint8Array(bytes))
  const answer = new Uint8Array(bytes)
  for (let got = 0; got < bytes; ) got += await subject.recv(answer.subarray(got))
}

describe('TCP_INFO', needs(layout, 'TCP_INFO'), () => {
  it('is what Python reads of the same socket', async () => {
    const { child, subject } = await connection()
    await exchange(subject, 10_000)
    const before = infoOf(subject)
    const raw = readNumbers(subject.fd, 'IPPROTO_TCP', 'TCP_INFO', FORMAT)
    const after = infoOf(subject)
    let compared = 0
    for (const [nth, name] of NAMES.entries()) {
      if (name === '' || !(name in after)) continue
      const all = [before[name], raw[nth] === 2 ** 64 ? Number.POSITIVE_INFINITY : raw[nth], after[name]]
      if (CLOCKS.has(name))
        expect(
          [...all].sort((a, b) => Number(a) - Number(b)),
          name,
        ).toEqual(all)
      // An acknowledgement that is under way may move a number between the readings.
      else if (all[0] === all[2]) expect(all, name).toEqual([all[0], all[0], all[0]])
      compared += 1
    }
    expect(compared).toBeGreaterThan(40)
    subject.close()
    expect(await child.awaitExit()).toBe(0)
  })

  it('counts what was sent and received', async () => {
    const { child, subject } = await connection()
    await exchange(subject, 10_000)
    await exchange(subject, 2_345)
    const info = infoOf(subject)
    expect(info).toMatchObject({
      state: 'ESTABLISHED',
      congestionState: 'Open',
      receivedBytes: 12_345,
      notSentBytes: 0,
      negotiated: { ecn: expect.any(Boolean), timestamps: expect.any(Boolean) },
    })
    expect((info.sentBytes ?? 0) - (info.retransmittedBytes ?? 0)).toBe(12_345)
    // Python's answer acknowledges what it answers; the SYN may count.
    expect(info.ackedBytes).toBeGreaterThanOrEqual(12_345)
    expect(info.ackedBytes).toBeLessThanOrEqual(12_346)
    expect(info.rttUs).toBeGreaterThan(0)
    subject.close()
    expect(await child.awaitExit()).toBe(0)
  })

  it('has the bit-fields where Python finds them', async () => {
    const { child, subject } = await connection()
    // tcpi_snd_wscale : 4, tcpi_rcv_wscale : 4; the first one is the lower half on a little-endian machine.
    const [scales] = readNumbers(subject.fd, 'IPPROTO_TCP', 'TCP_INFO', '8B').slice(6)
    const { sendWindowScaleBits, receiveWindowScaleBits } = infoOf(subject)
    expect([sendWindowScaleBits, receiveWindowScaleBits]).toEqual([scales & 15, scales >> 4])
    expect(scales).toBeGreaterThan(0)
    subject.close()
    expect(await child.awaitExit()).toBe(0)
  })

  it('of a listener tells its queue', () => {
    const listener = socket(AF_INET, SOCK_STREAM)
    listener.bind(here)
    listener.listen(17)
    expect(infoOf(listener)).toMatchObject({ state: 'LISTEN', unackedSegments: 0, sackedSegments: 17 })
  })

  it('follows the state', async () => {
    const subject = socket(AF_INET, SOCK_STREAM)
    expect(infoOf(subject).state).toBe('CLOSE')
    const { child, subject: connected } = await connection()
    expect(infoOf(connected).state).toBe('ESTABLISHED')
    child.process.kill()
    await child.awaitExit()
    await connected.recv(new Uint8Array(1))
    expect(infoOf(connected).state).toBe('CLOSE_WAIT')
  })

  it('has only the fields that the kernel filled', () => {
    const subject = socket(AF_INET, SOCK_STREAM)
    const bytes = new Uint8Array(Buffer.from(readHex(subject.fd, 'IPPROTO_TCP', 'TCP_INFO'), 'hex'))
    const { decode } = SOCKET_OPTIONS.IPPROTO_TCP.TCP_INFO
    // What Linux had before 3.15: up to tcpi_total_retrans.
    const old = decode?.(bytes.subarray(0, layout.fields.tcpi_total_retrans.offset + 4))
    expect(old).toHaveProperty('totalRetransmittedSegments')
    expect(old).not.toHaveProperty('pacingBytesPerSecond')
    // A field that was filled by half was not filled.
    const half = decode?.(bytes.subarray(0, layout.fields.tcpi_pacing_rate.offset + 4))
    expect(half).toEqual(old)
    expect(decode?.(new Uint8Array(0))).toEqual({})
  })

  it('has each field under its own name', () => {
    // Each field has its place as its value: on a live connection two of them may be equal by chance.
    const bytes = new Uint8Array(layout.bytes)
    const view = new DataView(bytes.buffer)
    const expected: Record<string, number> = {}
    let offset = 0
    for (const [format, names] of FIELDS) {
      const size = { B: 1, I: 4, Q: 8 }[format.slice(-1)] ?? 0
      for (const name of names) {
        if (offset + size > bytes.length) break
        if (name !== '') {
          expected[name] = offset + 1
          // Little-endian or not, the value is in the one byte.
          view.setUint8(endianness() === 'LE' ? offset : offset + size - 1, offset + 1)
        }
        offset += size
      }
    }
    expect(SOCKET_OPTIONS.IPPROTO_TCP.TCP_INFO.decode?.(bytes)).toMatchObject(expected)
  })

  it('has a name for each field of the headers', () => {
    const whole = SOCKET_OPTIONS.IPPROTO_TCP.TCP_INFO.decode?.(new Uint8Array(layout.bytes))
    expect(Object.keys(whole ?? {})).toHaveLength(Object.keys(layout.fields).length)
  })
})

it(
  'TCP_INFO is ENOPROTOOPT where the system does not describe it',
  needs(layout === undefined, 'a system that does not describe TCP_INFO'),
  () => {
    const subject = socket(AF_INET, SOCK_STREAM)
    expect(() => infoOf(subject)).toThrow('getsockopt TCP_INFO: this platform has no TCP_INFO (ENOPROTOOPT)')
  },
)
