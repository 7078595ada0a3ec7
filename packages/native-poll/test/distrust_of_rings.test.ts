// Whatever JavaScript writes into the submission ring, nothing crashes, and nobody else pays.
import { Control, HANDLE_BASE, type Op, SLOT_SHIFT } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { noise, type Peer } from './support/peer.js'
import { Random, seeds } from './support/random.js'
import { errno } from './support/raw_reactor.js'
import { BACKENDS, serveTcp } from './support/server.js'

checkFds()

const INT_MAX = 0x7fffffff
const INT_MIN = -0x80000000

describe.each(BACKENDS)('the submission ring on %s', (backend) => {
  it.each(seeds(5))(
    'full of garbage (POLLUX_SEED=%i) is survived, counted, and harms no bystander',
    async (seed) => {
      const server = serveTcp(backend, { sizes: { submissionRecords: 64 } })
      const { reactor, listener } = server
      reactor.handler = reactor.echo
      const bystander = await server.connect()
      const victims = await server.connectMany(10)
      const chance = new Random(seed)
      const random = () => chance.bits()
      const spared = [listener, bystander.socket].map((socket) => socket % HANDLE_BASE)
      const word = () =>
        [random() | 0, random() & 0xff, (random() & 0xff) - 128, INT_MAX, INT_MIN][random() % 5]
      for (let round = 0; round < 100; ++round) {
        for (let record = 0; record < 64; ++record) {
          const { socket } = victims[random() % victims.length]
          const target = random() % 4 === 0 ? random() >>> SLOT_SHIFT : socket % HANDLE_BASE
          const slot = spared.includes(target) ? INT_MAX >>> SLOT_SHIFT : target
          const generation = random() % 4 === 0 ? random() | 0 : Math.floor(socket / HANDLE_BASE)
          reactor.putRecord((random() & 0xff) | (slot << SLOT_SHIFT), generation, word(), word())
        }
        reactor.native.submit()
        reactor.control[Control.SUBMITTED] = 0
        await expectEcho(bystander, 1000)
      }
      expect(reactor.counter('rejectedSubmissions')).toBeGreaterThan(100)
      reactor.expectEvents(bystander.socket, ['DATA'])
    },
  )

  it.each([
    ['more than there are', 9],
    ['very many', INT_MAX],
    ['fewer than none', -1],
    ['least of all', INT_MIN],
  ])('said to hold %s takes at most what it holds', async (_, submitted) => {
    const server = serveTcp(backend, { sizes: { submissionRecords: 8 } })
    const { reactor } = server
    const { peer, socket } = await server.connect()
    for (let i = 0; i < 8; ++i) reactor.write(socket, `word ${i} `)
    await peer.awaitBytes(56)
    // The ring still holds those eight records: they must not be sent again for a count that makes no sense.
    reactor.submissions.fill(0)
    reactor.control[Control.SUBMITTED] = submitted
    reactor.native.submit()
    expect(reactor.control[Control.SUBMITTED]).toBe(0)
    expect(reactor.counter('rejectedSubmissions')).toBeGreaterThan(0)
    reactor.write(socket, 'and on')
    await peer.expectBytes(`${Array.from({ length: 8 }, (_, i) => `word ${i} `).join('')}and on`)
  })

  it('said to hold fewer than none does not send again what was sent', async () => {
    const server = serveTcp(backend, { sizes: { submissionRecords: 8 } })
    const { reactor } = server
    const { peer, socket } = await server.connect()
    reactor.write(socket, 'once')
    await peer.awaitBytes(4)
    reactor.control[Control.SUBMITTED] = -1
    reactor.native.submit()
    reactor.write(socket, ' and on')
    await peer.expectBytes('once and on')
  })

  const SIZE = 4096
  it.each<[keyof typeof Op, number, number]>(
    (['WRITE', 'WRITE_RECEIVED', 'WRITE_POOLED'] as const).flatMap((op) => [
      [op, -1, 1],
      [op, 0, -1],
      [op, SIZE, 1],
      [op, SIZE - 1, 2],
      [op, 0, SIZE + 1],
      [op, INT_MAX, INT_MAX],
      [op, 1, INT_MAX],
      [op, INT_MIN, INT_MIN],
    ]),
  )('with a %s of bytes at %i, %i of them, fails that connection with EFAULT', async (op, a, b) => {
    const sizes = {
      sendBytes: SIZE,
      receiveBytes: SIZE,
      poolBytes: SIZE,
      maxReadBytes: 1024,
      copyMaxBytes: 512,
    }
    const server = serveTcp(backend, { sizes, echo: true })
    const { reactor } = server
    const [wrong, bystander] = await server.connectMany(2)
    reactor.submit(op, wrong.socket, a, b)
    reactor.submit('WRITE', wrong.socket, 0, 10)
    const error = await reactor.awaitEvent(wrong.socket, 'ERROR')
    expect(error.a).toBe(errno('EFAULT'))
    await wrong.peer.awaitClosedOrEnded()
    expect(wrong.peer.bytes.length).toBe(0)
    await reactor.awaitEvent(wrong.socket, 'CLOSED')
    reactor.expectEvents(wrong.socket, ['ERROR', 'CLOSED'])
    await expectEcho(bystander, 1000)
  })

  it('with an operation that does not exist is counted and nothing more', async () => {
    const server = serveTcp(backend, { echo: true })
    const { reactor } = server
    const connection = await server.connect()
    const slot = connection.socket % HANDLE_BASE
    for (const op of [0, 11, 255]) {
      reactor.putRecord(op | (slot << SLOT_SHIFT), Math.floor(connection.socket / HANDLE_BASE), 0, 0)
    }
    reactor.native.submit()
    expect(reactor.counter('rejectedSubmissions')).toBe(3)
    await expectEcho(connection, 1000)
  })

  it('with bytes for a listener, or a socket that is not connected, rejects them', () => {
    const { reactor, listener } = serveTcp(backend)
    reactor.submit('WRITE', listener, 0, 1)
    reactor.submit('END', listener)
    reactor.native.submit()
    expect(reactor.counter('rejectedSubmissions')).toBe(1)
    reactor.expectEvents(listener, [])
  })
})

async function expectEcho({ peer }: { peer: Peer }, length: number) {
  const before = peer.bytes
  const bytes = noise(length)
  await peer.send(bytes)
  await peer.expectBytes(Buffer.concat([before, bytes]))
}
