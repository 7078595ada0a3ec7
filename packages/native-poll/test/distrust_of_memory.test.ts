// Users see the receive slab and the pool, so users can detach them: at any time, and nothing breaks.
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { noise } from './support/peer.js'
import { errno } from './support/raw_reactor.js'
import { BACKENDS, readyTogether, serveTcp } from './support/server.js'

checkFds()

/** Takes the memory away from its buffer, for good. */
function detach(buffer: ArrayBuffer) {
  structuredClone(buffer, { transfer: [buffer] })
  global.gc?.()
}

describe.each(BACKENDS)('lent memory on %s', (backend) => {
  // Borrowed chunks and large owned ones are in the slab, small owned ones in the pool.
  const KINDS = [
    { what: 'slab' as const, borrow: true, copyMaxBytes: 512 },
    { what: 'slab' as const, borrow: false, copyMaxBytes: 0 },
    { what: 'pool' as const, borrow: false, copyMaxBytes: 4096 },
  ]

  describe.each(KINDS)('the $what (borrowed: $borrow)', ({ what, borrow, copyMaxBytes }) => {
    const sizes = { maxReadBytes: 1024, receiveBytes: 8192, poolBytes: 16_384, copyMaxBytes }

    it('detached between turns is asked for again, and nothing is lost', async () => {
      const server = serveTcp(backend, { borrow, sizes, echo: true })
      const { reactor } = server
      const { peer, socket } = await server.connect()
      const bytes = noise(5000)
      for (let i = 0; i < 5; ++i) {
        detach(reactor[what])
        await peer.send(bytes.subarray(i * 1000, (i + 1) * 1000))
        await peer.awaitBytes((i + 1) * 1000)
      }
      await peer.expectBytes(bytes)
      reactor.expectEvents(socket, ['DATA'])
    })

    it('detached by a handler is asked for again, and later bytes come', async () => {
      const server = serveTcp(backend, { borrow, sizes })
      const { reactor } = server
      const { peer, socket } = await server.connect()
      reactor.handler = ({ name }) => {
        if (name.startsWith('DATA')) detach(reactor[what])
      }
      const bytes = noise(20_000)
      await peer.send(bytes)
      expect(await reactor.awaitBytes(socket, bytes.length)).toEqual(bytes)
    })

    it('detached by a handler under a write that refers to it fails that write with EFAULT', async () => {
      const server = serveTcp(backend, { borrow, sizes })
      const { reactor } = server
      const [first, second] = await server.connectMany(2)
      reactor.handler = (event) => {
        reactor.echo(event)
        if (event.socket === first.socket && event.name.startsWith('DATA')) detach(reactor[what])
      }
      await first.peer.send('lost')
      const error = await reactor.awaitEvent(first.socket, 'ERROR')
      expect(error.a).toBe(errno('EFAULT'))
      await reactor.awaitEvent(first.socket, 'CLOSED')
      reactor.expectEvents(first.socket, ['DATA', 'ERROR', 'CLOSED'])
      expect(first.peer.bytes.length).toBe(0)
      await second.peer.send('kept')
      await second.peer.expectBytes('kept')
    })

    it.each(['submit', 'write', 'lend'] as const)(
      'detached under a write, then %s: no byte of it is read',
      async (then) => {
        const server = serveTcp(backend, { borrow, sizes })
        const { reactor } = server
        const { peer, socket } = await server.connect()
        reactor.handler = (event) => {
          if (!event.name.startsWith('DATA')) return
          reactor.echo(event)
          detach(reactor[what])
          if (then === 'submit') reactor.native.submit()
          if (then === 'write') reactor.native.write(socket, Buffer.from('x'))
          if (then === 'lend' && what === 'slab') reactor.native.lendSlab(new ArrayBuffer(8192))
          if (then === 'lend' && what === 'pool') reactor.native.lendPool(new ArrayBuffer(16_384))
        }
        await peer.send(noise(1000))
        const error = await reactor.awaitEvent(socket, 'ERROR')
        expect(error.a).toBe(errno('EFAULT'))
        reactor.submit('DESTROY', socket)
        await reactor.awaitEvent(socket, 'CLOSED')
        expect(peer.bytes.length).toBe(0)
      },
    )

    it('detached and not lent again keeps the bytes in the kernel until it is', async () => {
      const server = serveTcp(backend, { borrow, sizes, echo: true })
      const { reactor } = server
      const connections = await server.connectMany(3)
      const lend = reactor.lend
      reactor.lend = () => {}
      detach(reactor[what])
      const streams = connections.map(() => noise(3000))
      await Promise.all(connections.map(({ peer }, i) => peer.send(streams[i])))
      await reactor.until('a dispatch that asks', () => reactor.batches.includes(0))
      for (const { socket } of connections) reactor.expectEvents(socket, [])
      reactor.lend = lend
      reactor.lendWhatIsAsked()
      await Promise.all(connections.map(({ peer }, i) => peer.expectBytes(streams[i])))
    })

    it('lent afresh by a handler at once serves the next sockets of the round', async () => {
      const server = serveTcp(backend, { borrow, sizes, echo: true })
      const { reactor } = server
      const connections = await server.connectMany(20)
      reactor.handler = (event) => {
        reactor.echo(event)
        if (!event.name.startsWith('DATA') || event.b % 3 !== 0) return
        // What was submitted so far refers to the old one, and is sent before it goes.
        if (what === 'slab') reactor.native.lendSlab(reactor.slab)
        else reactor.native.lendPool(reactor.pool)
      }
      const streams = connections.map((_, i) => noise(500 + i))
      await readyTogether(
        reactor,
        connections.map(({ socket }) => socket),
        () => Promise.all(connections.map(({ peer }, i) => peer.send(streams[i]))),
      )
      await Promise.all(connections.map(({ peer }, i) => peer.expectBytes(streams[i])))
    })
  })

  it('of a caller that is detached before a direct write is no bytes', async () => {
    const server = serveTcp(backend)
    const { peer, socket } = await server.connect()
    const bytes = new Uint8Array(1000)
    detach(bytes.buffer)
    expect(server.reactor.native.write(socket, bytes)).toBe(0)
    server.reactor.native.write(socket, Buffer.from('next'))
    await peer.expectBytes('next')
  })
})
