// Out of descriptors or memory: those who wait are told, the listener rests, says so, and comes back by itself.
import { describe, expect, it } from 'vitest'
import { callCounts, clearFaults, forget, inject } from './support/faults.js'
import { checkFds } from './support/leaks.js'
import { needs } from './support/needs.js'
import { iteration } from './support/patience.js'
import { Peer } from './support/peer.js'
import { constants, errno } from './support/raw_reactor.js'
import { BACKENDS, errorOf, type Serving, serveTcp } from './support/server.js'

checkFds()
clearFaults()

describe.each(BACKENDS)('a listener on %s', (backend) => {
  const serve = (serving: Serving = {}) => serveTcp(backend, { echo: true, ...serving })

  it.each(['EMFILE', 'ENFILE'])(
    'out of descriptors (%s) tells the peer at once, and serves the next',
    async (error) => {
      const { reactor, listener, host, port } = serve()
      inject({ call: 'accept', error })
      const refused = await Peer.connect({ host, port })
      const paused = await reactor.awaitEvent(listener, 'ACCEPT_PAUSED')
      expect([paused.a, paused.b]).toEqual([errno(error), 50])
      await refused.awaitClosedOrEnded()
      expect(reactor.counter('acceptsShed')).toBe(1)
      expect(reactor.counter('acceptPauses')).toBe(1)

      const next = await Peer.connect({ host, port })
      await reactor.awaitEvent(listener, 'ACCEPT_RESUMED')
      await next.send('served')
      await next.expectBytes('served')
      reactor.expectEvents(listener, ['ACCEPT_PAUSED', 'ACCEPT_RESUMED', 'ACCEPT'])
    },
  )

  it('out of descriptors tells everybody who waits', async () => {
    const { reactor, listener, host, port } = serve()
    reactor.submit('PAUSE', listener)
    reactor.native.submit()
    const waiting = await Promise.all([1, 2, 3, 4, 5].map(() => Peer.connect({ host, port })))
    inject({ call: 'accept', error: 'EMFILE' })
    reactor.submit('RESUME', listener)
    await Promise.all(waiting.map((peer) => peer.awaitClosedOrEnded()))
    expect(reactor.counter('acceptsShed')).toBe(5)
    expect(reactor.counter('accepted')).toBe(0)
  })

  it('doubles its rest while the shortage lasts, and begins anew after it', async () => {
    const { reactor, listener, host, port } = serve()
    // Both tries of each round fail: the accept, and the one with the reserve.
    inject({ call: 'accept', error: 'EMFILE', times: 8 })
    const patient = await Peer.connect({ host, port })
    await reactor.awaitAccept(listener)
    await patient.send('served at last')
    await patient.expectBytes('served at last')
    inject({ call: 'accept', error: 'EMFILE' })
    await Peer.connect({ host, port })
    await reactor.awaitEvent(listener, 'ACCEPT_PAUSED', 5)
    expect(reactor.eventsOf(listener, 'ACCEPT_PAUSED').map(({ b }) => b)).toEqual([50, 100, 200, 400, 50])
    expect(reactor.counter('acceptPauses')).toBe(5)
  })

  it('at rest does not spin, though connections wait', async () => {
    const { reactor, listener, host, port } = serve()
    inject({ call: 'accept', error: 'ENOBUFS' })
    await Peer.connect({ host, port })
    await reactor.awaitEvent(listener, 'ACCEPT_PAUSED')
    const { accept } = callCounts()
    const turns = reactor.counter('turns')
    for (let i = 0; i < 20 && reactor.eventsOf(listener, 'ACCEPT_RESUMED').length === 0; ++i)
      await iteration()
    expect(callCounts().accept - accept).toBeLessThanOrEqual(2)
    expect(reactor.counter('turns') - turns).toBeLessThanOrEqual(4)
    await reactor.awaitAccept(listener)
  })

  it('resumes with nobody there to wake it', async () => {
    const { reactor, listener, host, port } = serve()
    inject({ call: 'accept', error: 'EMFILE' })
    await (await Peer.connect({ host, port })).awaitClosedOrEnded()
    await reactor.awaitEvent(listener, 'ACCEPT_RESUMED')
    reactor.expectEvents(listener, ['ACCEPT_PAUSED', 'ACCEPT_RESUMED'])
  })

  it('can be closed while it rests, and others rest on', async () => {
    const { reactor, listener, host, port } = serve()
    inject({ call: 'accept', error: 'EMFILE' })
    await (await Peer.connect({ host, port })).awaitClosedOrEnded()
    reactor.submit('CLOSE', listener)
    await reactor.awaitEvent(listener, 'CLOSED')
    reactor.expectEvents(listener, ['ACCEPT_PAUSED', 'CLOSED'])
  })

  it('paused by its user while it rests stays paused', async () => {
    const { reactor, listener, host, port } = serve()
    inject({ call: 'accept', error: 'EMFILE' })
    await (await Peer.connect({ host, port })).awaitClosedOrEnded()
    reactor.submit('PAUSE', listener)
    await reactor.awaitEvent(listener, 'ACCEPT_RESUMED')
    await Peer.connect({ host, port })
    for (let i = 0; i < 50; ++i) await iteration()
    expect(reactor.counter('accepted')).toBe(0)
    reactor.submit('RESUME', listener)
    await reactor.awaitAccept(listener)
  })

  it('with connections that are gone again takes the others in the same round', async () => {
    const { reactor, listener, host, port } = serve()
    for (const error of ['ECONNABORTED', 'EPROTO', 'ECONNRESET']) inject({ call: 'accept', error })
    await Peer.connect({ host, port })
    await reactor.awaitAccept(listener)
    expect(reactor.counter('acceptPauses')).toBe(0)
  })

  it('that is broken beyond repair is one ERROR and one CLOSED', async () => {
    const { reactor, listener, host, port } = serve()
    inject({ call: 'accept', error: 'EINVAL' })
    // The kernel resets whoever waits when the listener closes: perhaps before the peer knows it was connected.
    await Peer.connect({ host, port }).catch(() => {})
    const error = await reactor.awaitEvent(listener, 'ERROR')
    expect(error.a).toBe(errno('EINVAL'))
    await reactor.awaitEvent(listener, 'CLOSED')
    reactor.expectEvents(listener, ['ERROR', 'CLOSED'])
  })

  it(
    'out of room in the poller sheds the connection and rests',
    needs(backend === 'epoll', 'epoll'),
    async () => {
      const { reactor, listener, host, port } = serve()
      inject({ call: 'epoll_ctl', error: 'ENOSPC' })
      const refused = await Peer.connect({ host, port })
      expect((await reactor.awaitEvent(listener, 'ACCEPT_PAUSED')).a).toBe(errno('ENOSPC'))
      await refused.awaitClosedOrEnded()
      await reactor.awaitEvent(listener, 'ACCEPT_RESUMED')
      const next = await Peer.connect({ host, port })
      await next.send('served')
      await next.expectBytes('served')
    },
  )
})

describe.each(BACKENDS)('a socket of our own on %s', (backend) => {
  it.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])('that the kernel refuses is %s', (error) => {
    const { reactor } = serveTcp(backend)
    inject({ call: 'socket', error })
    const { native } = reactor
    expect(errorOf(native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))).toBe(error)
    forget()
    expect(native.socket(constants.AF_INET, constants.SOCK_STREAM, 0)).toBeGreaterThan(0)
    expect(reactor.counter('openSockets')).toBe(2)
  })

  it.each([
    ['bind', 'EACCES'],
    ['listen', 'EADDRINUSE'],
    ['setsockopt', 'EPERM'],
    ['getsockname', 'ENOBUFS'],
  ])('says what %s said', (call, error) => {
    const { reactor } = serveTcp(backend)
    const { native } = reactor
    const socket = native.socket(constants.AF_INET, constants.SOCK_STREAM, 0)
    inject({ call, error })
    const results: Record<string, () => unknown> = {
      bind: () => native.bindIp(socket, '127.0.0.1', 0, 0),
      listen: () => native.listen(socket, 1, true),
      setsockopt: () => native.setOption(socket, constants.SOL_SOCKET, constants.SO_KEEPALIVE, 1),
      getsockname: () => native.localAddress(socket),
    }
    expect(results[call]()).toBe(-errno(error))
    expect(Number(results[call]()) || 0).toBe(0)
  })
})
