// The plugin of limits: who gets in, and what the counters say.
import { BlockList, createConnection } from 'node:net'
import { join } from 'node:path'
import { limits, type Plugin } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, Peer, patiently, temporaryFolder } from '../support/raw.js'
import { echo, leaveNothingBehind, loopOn, serve, serverOf } from '../support/serving.js'
import { knock, refusals } from './support/knocking.js'

leaveNothingBehind()
/** Nothing here depends on which. */
const [BACKEND] = BACKENDS

const folder = temporaryFolder()

describe('the most connections', () => {
  it('are let in, and no more until one leaves', async () => {
    const { server, port } = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ maxConnections: 2 })],
    })
    const first = await knock(port)
    await knock(port)
    expect(await knock(port)).toBe(undefined)
    // Its peer may see the reset before the server sees the end of it.
    await eventually('the refused one to be gone', () => server.connections === 2)
    expect(refusals(server)).toEqual({ max_connections: 1 })
    await first?.end()
    await eventually('the first to leave', () => server.connections === 1)
    expect(await knock(port)).toBeDefined()
  })

  it('are counted for all servers that share the plugin', async () => {
    const loop = loopOn(BACKEND)
    const shared = limits({ maxConnections: 1 })
    const one = await serve({ ...echo, loop, plugins: [shared] })
    const two = await serve({ ...echo, loop, plugins: [shared] })
    expect(await knock(one.port)).toBeDefined()
    expect(await knock(two.port)).toBe(undefined)
    expect(() => serverOf({ ...echo, loop: loopOn(BACKEND), plugins: [shared] })).toThrow(/one event loop/)
  })

  it('do not count those that another plugin refuses or fails', async () => {
    let mood: 'refuse' | 'throw' | 'accept' = 'refuse'
    const moody: Plugin = {
      name: 'moody',
      accept() {
        if (mood === 'throw') throw new Error('of the test')
        return mood === 'refuse' ? 'mood' : undefined
      },
    }
    const { server, port } = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ maxConnections: 1, maxConnectionsPerAddress: 1 }), moody],
      error() {},
    })
    for (mood of ['refuse', 'refuse', 'throw', 'throw', 'accept'] as const) {
      expect((await knock(port)) !== undefined).toBe(mood === 'accept')
    }
    expect(refusals(server)).toEqual({ mood: 2 })
  })

  it('do not count them for a moment either, while others of the same turn come', async () => {
    const { server, port } = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ maxConnections: 1 }), { name: 'nobody', accept: () => 'nobody' }],
    })
    const sockets = Array.from({ length: 10 }, () => createConnection({ host: '127.0.0.1', port }))
    const closes = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of sockets) socket.on('error', () => {})
    await patiently(Promise.all(closes), 'all to be refused')
    expect(refusals(server)).toEqual({ nobody: 10 })
  })

  it('of none lets nobody in', async () => {
    const { server, port } = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ maxConnections: 0 })],
    })
    for (let i = 0; i < 5; i++) expect(await knock(port)).toBe(undefined)
    expect(refusals(server)).toEqual({ max_connections: 5 })
  })
})

describe('limits by address', () => {
  it('count the connections of one', async () => {
    const { server, port } = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ maxConnectionsPerAddress: 2 })],
    })
    const outcomes = []
    for (let i = 0; i < 4; i++) outcomes.push((await knock(port)) !== undefined)
    expect(outcomes).toEqual([true, true, false, false])
    expect(await knock(port, '127.0.0.2')).toBeDefined()
    expect(refusals(server)).toEqual({ max_connections_per_address: 2 })
  })

  it('keep out who is denied, and who is not allowed', async () => {
    const deny = new BlockList()
    const heard: string[] = []
    const { server, port } = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [
        limits({ deny, allow: ['127.0.0.0/30'] }),
        {
          name: 'listener',
          refused: (_server, reason, address) => {
            heard.push(`${reason} ${address !== undefined && 'host' in address ? address.host : ''}`)
          },
        },
      ],
    })
    const from = async (localAddress: string) => (await knock(port, localAddress)) !== undefined
    expect(await from('127.0.0.2')).toBe(true)
    expect(await from('127.0.0.4')).toBe(false)
    // The list is its owner's, who may add to it at any time.
    deny.addAddress('127.0.0.2')
    expect(await from('127.0.0.2')).toBe(false)
    expect(await from('127.0.0.1')).toBe(true)
    expect(refusals(server)).toEqual({ not_allowed: 1, denied: 1 })
    expect(heard).toEqual(['not_allowed 127.0.0.4', 'denied 127.0.0.2'])
  })

  it('know an IPv4 peer of an IPv6 socket', async () => {
    const { server, port } = await serve(
      { ...echo, loop: loopOn(BACKEND), plugins: [limits({ deny: ['127.0.0.1'] })] },
      { host: '::', port: 0 },
    )
    expect(await knock(port)).toBe(undefined)
    expect(refusals(server)).toEqual({ denied: 1 })
  })

  it('leave Unix sockets alone', async () => {
    const path = join(folder, 'limited')
    const service = await serve(
      {
        ...echo,
        loop: loopOn(BACKEND),
        plugins: [limits({ allow: ['192.0.2.1'], maxConnectionsPerAddress: 1 })],
      },
      { path },
    )
    for (let i = 0; i < 3; i++) {
      const peer = await service.connect()
      await peer.send('?')
      await peer.expectBytes('?')
    }
  })
})

describe('the rate of accepts', () => {
  it('lets a burst in, then as many as its clock allows', async () => {
    let nowMs = 5000
    const { server, port } = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ acceptsPerSecond: 10, acceptBurst: 3, clock: () => nowMs })],
    })
    const admittedOf = async (count: number) => {
      let admitted = 0
      for (let i = 0; i < count; i++) if ((await knock(port)) !== undefined) admitted++
      return admitted
    }
    expect(await admittedOf(5)).toBe(3)
    nowMs += 99
    expect(await admittedOf(2)).toBe(0)
    nowMs += 1
    expect(await admittedOf(2)).toBe(1)
    // A clock that jumps gives one burst, not all that was missed.
    nowMs += 24 * 3_600_000
    expect(await admittedOf(5)).toBe(3)
    expect(refusals(server)).toEqual({ accept_rate: 7 })
  })

  it('does not use up tokens on those that are refused otherwise', async () => {
    const { port, server } = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ acceptsPerSecond: 1e-6, deny: ['127.0.0.1'] })],
    })
    for (let i = 0; i < 3; i++) await knock(port)
    expect(refusals(server)).toEqual({ denied: 3 })
    expect(await knock(port, '127.0.0.2')).toBeDefined()
  })
})

describe('a flood of refused connections', () => {
  it('leaves nothing behind, and does not touch those who are in', async () => {
    const { server, port } = await serve({
      ...echo,
      loop: loopOn(BACKEND),
      plugins: [limits({ maxConnections: 1, maxConnectionsPerAddress: 1, deny: ['127.0.0.9'] })],
    })
    const inside = (await knock(port)) as Peer
    const flood = async (count: number) => {
      for (let i = 0; i < count; i += 50) {
        const peers = await Promise.all(
          Array.from({ length: 50 }, () => Peer.connect({ host: '127.0.0.1', port }).catch(() => undefined)),
        )
        for (const peer of peers) peer?.socket.destroy()
      }
    }
    await flood(500)
    await inside.send('still here')
    await inside.expectBytes('?still here')
    await eventually('the refused to be gone', () => server.connections === 1)
    expect(server.loop.counter('openSockets')).toBe(2)
    expect(server.statistics.refused.get('max_connections')).toBe(500)
    expect([...server.loop.targets].filter((each) => each !== null).length).toBe(2)
  })
})

describe('the options of limits', () => {
  it.each([
    [{ maxConnections: -1 }, '"maxConnections"'],
    [{ maxConnectionsPerAddress: 1.5 }, '"maxConnectionsPerAddress"'],
    [{ ipv6PrefixBits: 129 }, '"ipv6PrefixBits"'],
    [{ ipv6PrefixBits: 0 }, '"ipv6PrefixBits"'],
    [{ acceptsPerSecond: 0 }, '"acceptsPerSecond"'],
    [{ acceptBurst: 5 }, '"acceptBurst"'],
    [{ messagesPerSecond: '5' }, '"messagesPerSecond"'],
    [{ byteBurst: 0 }, '"byteBurst"'],
    [{ bytesPerSecond: 5, byteBurst: 0 }, '"byteBurst"'],
    [{ overRate: 'drop' }, "'overRate'"],
    [{ allow: '10.0.0.0/8' }, '"allow"'],
    [{ deny: ['nobody'] }, "'deny[0]'"],
    [null, '"options"'],
  ])('refuse %j', (options, named) => {
    expect(() => limits(options as object)).toThrow(named)
  })
})
