// How output reaches the kernel: how often it is asked, and what it may refuse.
import { describe, expect, it } from 'vitest'
import { callCounts, clearFaults, forget, inject } from './support/faults.js'
import { checkFds } from './support/leaks.js'
import { needs } from './support/needs.js'
import { eventually } from './support/patience.js'
import { noise } from './support/peer.js'
import { errno } from './support/raw_reactor.js'
import { BACKENDS, serveTcp } from './support/server.js'

checkFds()
clearFaults()

describe.each(BACKENDS)('output on %s', (backend) => {
  it('of several writes of one turn is one sendmsg', async () => {
    const { reactor, peer, socket } = await connected()
    reactor.handler = ({ name }) => {
      if (name.startsWith('DATA')) for (let i = 0; i < 50; ++i) reactor.write(socket, `part ${i} `)
    }
    forget()
    await peer.send('go')
    await peer.awaitBytes(390)
    expect(callCounts()).toMatchObject({ sendmsg: 1, send: 0 })
  })

  it('of one write is one send', async () => {
    const { reactor, peer, socket } = await connected()
    forget()
    reactor.write(socket, 'one')
    await peer.expectBytes('one')
    expect(callCounts()).toMatchObject({ sendmsg: 0, send: 1 })
  })

  it('costs no other system call than its send', async () => {
    const { peer, reactor } = await connected()
    reactor.handler = reactor.echo
    await peer.send('warm')
    await peer.awaitBytes(4)
    forget()
    for (let i = 1; i <= 20; ++i) {
      await peer.send('ping')
      await peer.awaitBytes(4 + 4 * i)
    }
    const { recv, send, epoll_ctl = 0, setsockopt, getsockopt, sendmsg } = callCounts()
    expect({ recv, send, epoll_ctl, setsockopt, getsockopt, sendmsg }).toEqual({
      recv: 20,
      send: 20,
      epoll_ctl: 0,
      setsockopt: 0,
      getsockopt: 0,
      sendmsg: 0,
    })
  })

  it('that was put off is reported as queued, and DRAIN comes once', async () => {
    const { reactor, peer, socket } = await connected()
    inject({ call: 'send', error: 'EAGAIN' })
    const bytes = noise(10_000)
    reactor.write(socket, bytes)
    reactor.submit('WATCH_DRAIN', socket, 1000)
    reactor.native.submit()
    expect(reactor.column(socket, 'QUEUED')).toBe(10_000)
    expect(reactor.counter('shortSends')).toBe(1)
    await peer.expectBytes(bytes)
    await reactor.awaitEvent(socket, 'DRAIN')
    await eventually('an empty backlog', () => reactor.column(socket, 'QUEUED') === 0)
    reactor.expectEvents(socket, ['DRAIN'])
  })

  it('sent byte by byte crosses the mark once', async () => {
    const { reactor, peer, socket } = await connected()
    for (const call of ['send', 'sendmsg']) inject({ call, maxBytes: 1, times: 100_000 })
    const bytes = noise(300)
    reactor.write(socket, bytes)
    reactor.submit('WATCH_DRAIN', socket, 100)
    reactor.submit('END', socket)
    await peer.expectBytes(bytes)
    await peer.awaitEnd()
    reactor.expectEvents(socket, ['DRAIN', 'FINISH'])
  })

  it('whose flush fails is one ERROR, and nothing of it is left', async () => {
    const { reactor, peer, socket } = await connected()
    inject({ call: 'send', error: 'EAGAIN' })
    inject({ call: 'send', error: 'EPIPE' })
    reactor.write(socket, noise(10_000))
    reactor.submit('WATCH_DRAIN', socket, 0)
    reactor.submit('END', socket)
    const error = await reactor.awaitEvent(socket, 'ERROR')
    expect(error.a).toBe(errno('EPIPE'))
    expect(reactor.column(socket, 'QUEUED')).toBe(0)
    reactor.submit('DESTROY', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['ERROR', 'CLOSED'])
    await peer.awaitClosedOrEnded()
  })

  it('that ended when the peer had reset is FINISH: reading tells the rest', async () => {
    const { reactor, socket } = await connected()
    inject({ call: 'shutdown', error: 'ENOTCONN' })
    reactor.submit('END', socket)
    await reactor.awaitEvent(socket, 'FINISH')
    reactor.expectEvents(socket, ['FINISH'])
  })

  it('whose poller refuses the interest is one ERROR', needs(backend === 'epoll', 'epoll'), async () => {
    const { reactor, socket } = await connected()
    inject({ call: 'send', error: 'EAGAIN' })
    inject({ call: 'epoll_ctl', error: 'ENOMEM' })
    reactor.write(socket, 'never')
    const error = await reactor.awaitEvent(socket, 'ERROR')
    expect(error.a).toBe(errno('ENOMEM'))
    reactor.submit('DESTROY', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['ERROR', 'CLOSED'])
  })

  async function connected() {
    const server = serveTcp(backend)
    return { reactor: server.reactor, ...(await server.connect()) }
  }
})
