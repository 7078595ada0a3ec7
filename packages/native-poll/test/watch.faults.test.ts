// What watching costs in system calls, and what becomes of it when the poller refuses.
import { createSocket, type Socket } from 'node:dgram'
import { readSync } from 'node:fs'
import { Readiness } from '@pollux/native-poll'
import { afterEach, describe, expect, it } from 'vitest'
import { callCounts, clearFaults, forget, inject } from './support/faults.js'
import { checkFds } from './support/leaks.js'
import { needs } from './support/needs.js'
import { iteration } from './support/patience.js'
import { constants, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, errorOf, ok, portOf } from './support/server.js'

const { READABLE, WRITABLE, ERROR } = Readiness
const SOCK_DGRAM = 2 // on Linux and the BSDs
const ROUNDS = 20

checkFds()
const peers: Socket[] = []
afterEach(() => {
  for (const peer of peers.splice(0)) peer.close()
})
clearFaults()

describe('watching with epoll', needs(BACKENDS.includes('epoll'), 'epoll'), () => {
  it('costs one call for a socket that is always read until it would block', async () => {
    const { reactor, socket, send } = await watched()
    reactor.handler = ({ name }) => {
      if (name !== 'READY') return
      readSync(reactor.native.fd(socket), Buffer.alloc(100))
      ok(reactor.native.watch(socket, READABLE))
    }
    forget()
    ok(reactor.native.watch(socket, READABLE))
    for (let i = 1; i <= ROUNDS; ++i) {
      await send()
      await reactor.awaitEvent(socket, 'READY', i)
    }
    expect(callCounts().epoll_ctl).toBe(1)
  })

  it('costs two calls for each time that nobody waits when something comes', async () => {
    const { reactor, socket, send } = await watched()
    forget()
    for (let i = 1; i <= ROUNDS; ++i) {
      ok(reactor.native.watch(socket, READABLE))
      await send()
      await reactor.awaitEvent(socket, 'READY', i)
      for (let round = 0; round < 10; ++round) await iteration()
    }
    expect(callCounts().epoll_ctl).toBe(2 * ROUNDS)
  })

  it('that the kernel refuses is an error of the call, and nothing is waited for', async () => {
    const { reactor, socket, send } = await watched()
    inject({ call: 'epoll_ctl', error: 'ENOSPC', times: 2 })
    expect(errorOf(reactor.native.watch(socket, READABLE))).toBe('ENOSPC')
    expect(errorOf(reactor.native.watch(socket, READABLE))).toBe('ENOSPC')
    await send()
    for (let round = 0; round < 10; ++round) await iteration()
    reactor.expectEvents(socket, [])
    ok(reactor.native.watch(socket, READABLE))
    inject({ call: 'epoll_ctl', error: 'ENOMEM' })
    expect(errorOf(reactor.native.watch(socket, WRITABLE))).toBe('ENOMEM')
    ok(reactor.native.watch(socket, READABLE))
    await reactor.awaitEvent(socket, 'READY')
  })

  it('leaves nobody waiting when the poller cannot be told of a smaller interest', async () => {
    const { reactor, socket } = await watched()
    // The socket stays writable, which nobody waits for after the first READY; who waits for data has to look.
    inject({ call: 'epoll_ctl', after: 1, error: 'ENOMEM' })
    ok(reactor.native.watch(socket, READABLE | WRITABLE))
    expect((await reactor.awaitEvent(socket, 'READY', 2)).a).toBe(ERROR)
  })
})

async function watched() {
  const reactor = new RawReactor('epoll')
  const socket = ok(reactor.native.socket(constants.AF_INET, SOCK_DGRAM, 0))
  ok(reactor.native.bindIp(socket, '127.0.0.1', 0, 0))
  const peer = createSocket('udp4')
  peers.push(peer)
  await new Promise<void>((resolve) => peer.connect(portOf(reactor, socket), '127.0.0.1', resolve))
  const send = () => new Promise((resolve) => peer.send('x', resolve))
  return { reactor, socket, send }
}
