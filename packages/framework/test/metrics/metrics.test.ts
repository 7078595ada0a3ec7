// What a scrape of Prometheus' finds: names, labels, and the true numbers.
import { createServer, type Plugin, type ServerInit } from '@pollux/framework'
import { metrics, Registry, register } from '@pollux/framework/metrics'
import { Counter } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { textLines } from '../support/lines.js'
import { BACKENDS, eventually } from '../support/raw.js'
import { echo, leaveNothingBehind, loopOn, type Service, serve, serverOf } from '../support/serving.js'

leaveNothingBehind()

/** The samples of a scrape, by name with labels: `a_total{server="x"}`. */
async function scrape(registry: Registry): Promise<Map<string, number>> {
  const text = await registry.metrics()
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name, value] = line.match(/^([a-z_]+(?:\{[^}]*\})?) (\S+)$/) ?? []
    if (name !== undefined) samples.set(name, Number(value))
  }
  return samples
}

/** On a loop of its own, with no other test's counters. */
function serveApart<State, In, Out>(init: ServerInit<State, In, Out>): Promise<Service<State, In, Out>> {
  return serve({ loop: loopOn(BACKENDS[0]), ...init })
}

const of = (server: string, reason?: string) =>
  `{server="${server}"${reason === undefined ? '' : `,reason="${reason}"`}}`

describe('metrics', () => {
  it('tell of connections, bytes and reasons of closing', async () => {
    const registry = new Registry()
    const service = await serveApart({ name: 'echo', plugins: [metrics({ registry })], ...echo })
    const label = of('echo')
    let seen = await scrape(registry)
    expect(seen.get(`pollux_server_ready${label}`)).toBe(1)
    expect(seen.get(`pollux_connections_open${label}`)).toBe(0)

    const peer = await service.connect()
    await peer.send('hello')
    await peer.expectBytes('hello')
    seen = await scrape(registry)
    expect(seen.get(`pollux_connections_open${label}`)).toBe(1)
    expect(seen.get(`pollux_connections_accepted_total${label}`)).toBe(1)
    expect(seen.get(`pollux_received_bytes_total${label}`)).toBe(5)
    expect(seen.get(`pollux_sent_bytes_total${label}`)).toBe(5)
    expect(seen.get(`pollux_queued_bytes${label}`)).toBe(0)

    const resetting = await service.connect()
    await resetting.send('x')
    await resetting.expectBytes('x')
    await resetting.reset()
    await peer.end()
    await eventually('both to be closed', () => service.server.connections === 0)
    seen = await scrape(registry)
    expect(seen.get(`pollux_connections_open${label}`)).toBe(0)
    expect(seen.get(`pollux_connections_closed_total${of('echo', 'ended')}`)).toBe(1)
    expect(seen.get(`pollux_connections_closed_total${of('echo', 'peer_reset')}`)).toBe(1)
    expect(seen.get(`pollux_received_bytes_total${label}`)).toBe(6)
  })

  it('tell of messages, errors of handlers and of the codec', async () => {
    const registry = new Registry()
    const service = await serveApart({
      name: 'lines',
      plugins: [metrics({ registry })],
      codec: textLines(16),
      message(conn, line) {
        if (line === 'throw') throw new Error('as asked')
        conn.send(line)
      },
      error() {},
    })
    const peer = await service.connect()
    await peer.send('one\ntwo\n')
    await peer.expectBytes('one\ntwo\n')
    await peer.send('throw\n')
    await peer.awaitClosedOrEnded()
    const second = await service.connect()
    await second.send('x'.repeat(40))
    await second.awaitClosedOrEnded()
    await eventually('both to be closed', () => service.server.connections === 0)
    const seen = await scrape(registry)
    expect(seen.get(`pollux_messages_received_total${of('lines')}`)).toBe(3)
    expect(seen.get(`pollux_messages_sent_total${of('lines')}`)).toBe(2)
    expect(seen.get(`pollux_handler_errors_total${of('lines')}`)).toBe(1)
    expect(seen.get(`pollux_codec_errors_total${of('lines')}`)).toBe(1)
    expect(seen.get(`pollux_connections_closed_total${of('lines', 'handler_error')}`)).toBe(1)
    expect(seen.get(`pollux_connections_closed_total${of('lines', 'codec_error')}`)).toBe(1)
  })

  it('tell of queues, crossings and drains', async () => {
    const registry = new Registry()
    const service = await serveApart({
      name: 'flood',
      plugins: [metrics({ registry })],
      highWaterMark: 1024 * 1024,
      open: (conn) => conn.write(Buffer.alloc(16 * 1024 * 1024)),
      data() {},
    })
    const peer = await service.connect()
    peer.socket.pause()
    await eventually('a queue', () => service.server.statistics.highWaterCrossings === 1)
    let seen = await scrape(registry)
    expect(seen.get(`pollux_queued_bytes${of('flood')}`)).toBeGreaterThan(1024 * 1024)
    expect(seen.get(`pollux_high_watermark_crossings_total${of('flood')}`)).toBe(1)
    expect(seen.get(`pollux_drains_total${of('flood')}`)).toBe(0)
    peer.socket.resume()
    await peer.awaitBytes(16 * 1024 * 1024)
    seen = await scrape(registry)
    expect(seen.get(`pollux_queued_bytes${of('flood')}`)).toBe(0)
    expect(seen.get(`pollux_drains_total${of('flood')}`)).toBe(1)
  })

  it('tell of refusals by reason, and do not count them as accepted', async () => {
    const registry = new Registry()
    const doorman: Plugin = { name: 'doorman', accept: () => 'not_allowed' }
    const service = await serveApart({ name: 'closed', plugins: [metrics({ registry }), doorman], ...echo })
    // The reset may be faster than the peer, which is connected for the kernel already.
    await service.connect().then(
      (peer) => peer.awaitClosed(),
      () => {},
    )
    await eventually('the refusal', () => service.server.statistics.refused.size === 1)
    const seen = await scrape(registry)
    expect(seen.get(`pollux_connections_refused_total${of('closed', 'not_allowed')}`)).toBe(1)
    expect(seen.get(`pollux_connections_accepted_total${of('closed')}`)).toBe(0)
  })

  it('have histograms of turns whose buckets add up, in seconds', async () => {
    const registry = new Registry()
    const service = await serveApart({ plugins: [metrics({ registry })], ...echo })
    const peer = await service.connect()
    await peer.send('x')
    await peer.expectBytes('x')
    const { loop } = service.server
    const seen = await scrape(registry)
    for (const name of ['pollux_loop_turn_duration_seconds', 'pollux_loop_turn_events']) {
      const buckets = [...seen].filter(([key]) => key.startsWith(`${name}_bucket`)).map(([, value]) => value)
      expect(buckets.length).toBeGreaterThan(10)
      expect([...buckets].sort((a, b) => a - b)).toEqual(buckets)
      expect(buckets.at(-1)).toBe(seen.get(`${name}_count{loop="1"}`))
    }
    expect(seen.get('pollux_loop_turn_events_sum{loop="1"}')).toBeGreaterThanOrEqual(2)
    expect(seen.get('pollux_loop_turn_duration_seconds_sum{loop="1"}')).toBeCloseTo(
      loop.counter('turnUs') / 1e6,
      1,
    )
    expect(seen.has('pollux_loop_turn_duration_seconds_bucket{loop="1",le="0.0001"}')).toBe(true)
  })

  it('tell how late the loop is', async () => {
    const registry = new Registry()
    await serveApart({ plugins: [metrics({ registry })], ...echo })
    const lag = async () => (await scrape(registry)).get('pollux_loop_lag_seconds{quantile="1"}') as number
    // Two firings of the timer that measures have to be seen, with a long wait between them.
    let longest = 0
    for (let i = 0; i < 50 && longest < 0.05; i++) {
      await new Promise((resolve) => setTimeout(resolve, 30))
      const end = performance.now() + 100
      while (performance.now() < end);
      await new Promise((resolve) => setTimeout(resolve, 30))
      longest = Math.max(longest, await lag())
    }
    expect(longest).toBeGreaterThanOrEqual(0.05)
  })

  it('hold several servers and loops in one registry, apart by labels', async () => {
    const registry = new Registry()
    const plugins = [metrics({ registry })]
    const first = await serveApart({ name: 'first', plugins, loop: loopOn('poll'), ...echo })
    const second = await serveApart({ name: 'second', plugins, loop: loopOn('poll'), ...echo })
    await (await first.connect()).send('abc')
    await (await second.connect()).send('defgh')
    await eventually('the bytes', () => second.server.statistics.bytesReceived === 5)
    await eventually('the bytes', () => first.server.statistics.bytesReceived === 3)
    const seen = await scrape(registry)
    expect(seen.get(`pollux_received_bytes_total${of('first')}`)).toBe(3)
    expect(seen.get(`pollux_received_bytes_total${of('second')}`)).toBe(5)
    expect(seen.get('pollux_loop_received_bytes_total{loop="1"}')).toBe(3)
    expect(seen.get('pollux_loop_received_bytes_total{loop="2"}')).toBe(5)
  })

  it('add up servers of one name', async () => {
    const registry = new Registry()
    const plugins = [metrics({ registry })]
    const services = [await serveApart({ plugins, ...echo }), await serveApart({ plugins, ...echo })]
    for (const service of services) await service.connect()
    await eventually('both', () => services.every(({ server }) => server.connections === 1))
    expect((await scrape(registry)).get(`pollux_connections_open${of('default')}`)).toBe(2)
  })

  it('forget a server that has closed, and its loop with the last one', async () => {
    const registry = new Registry()
    const plugins = [metrics({ registry })]
    const loop = loopOn(BACKENDS[0])
    const first = await serveApart({ name: 'first', plugins, loop, ...echo })
    const second = await serveApart({ name: 'second', plugins, loop, ...echo })
    await first.server.close()
    let names = [...(await scrape(registry)).keys()].join('\n')
    expect(names).not.toContain('first')
    expect(names).toContain('server="second"')
    expect(names).toContain('loop="1"')
    await second.server.close()
    names = [...(await scrape(registry)).keys()].join('\n')
    expect(names).toBe('')
  })

  it('do not keep a closed server in memory', async () => {
    const registry = new Registry()
    const collect = globalThis.gc as () => void
    const held = await (async () => {
      // Not by the support module, which has a list of its own.
      const server = createServer({ plugins: [metrics({ registry })], loop: loopOn(BACKENDS[0]), ...echo })
      await server.listen({ host: '127.0.0.1', port: 0 })
      await server.close()
      return new WeakRef(server)
    })()
    await eventually('the server to be collected', () => {
      collect()
      return held.deref() === undefined
    })
    expect(await registry.metrics()).toContain('# TYPE pollux_connections_open gauge')
  })

  it('come back where the registry was cleared', async () => {
    const registry = new Registry()
    await serveApart({ name: 'first', plugins: [metrics({ registry })], ...echo })
    registry.clear()
    await serveApart({ name: 'second', plugins: [metrics({ registry })], ...echo })
    const seen = await scrape(registry)
    expect(seen.get(`pollux_server_ready${of('first')}`)).toBe(1)
    expect(seen.get(`pollux_server_ready${of('second')}`)).toBe(1)
  })

  it('survive resetMetrics, which is for metrics that count by themselves', async () => {
    const registry = new Registry()
    const service = await serveApart({ plugins: [metrics({ registry })], ...echo })
    await service.connect()
    await eventually('the connection', () => service.server.connections === 1)
    registry.resetMetrics()
    expect((await scrape(registry)).get(`pollux_connections_accepted_total${of('default')}`)).toBe(1)
  })

  it('stand in the registry of prom-client unless they are told another', async () => {
    const service = await serveApart({ name: 'global', plugins: [metrics()], ...echo })
    expect(await register.metrics()).toContain(`pollux_server_ready${of('global')} 1`)
    await service.server.close()
    expect(await register.metrics()).not.toContain('global')
    register.clear()
  })

  it('can be read as JSON, for those who add up several threads', async () => {
    const registry = new Registry()
    await serveApart({ plugins: [metrics({ registry })], ...echo })
    const all = await registry.getMetricsAsJSON()
    expect(all.length).toBeGreaterThan(30)
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    const lag = all.find(({ name }) => name === 'pollux_loop_lag_seconds')
    expect(lag?.aggregator).toBe('max')
  })

  it('follow the conventions: snake_case, base units, _total for counters alone, help for each', async () => {
    const registry = new Registry()
    await serveApart({ plugins: [metrics({ registry })], ...echo })
    for (const { name, help, type } of await registry.getMetricsAsJSON()) {
      expect(name).toMatch(/^pollux_[a-z]+(_[a-z]+)*$/)
      expect(name.endsWith('_total')).toBe((type as unknown) === 'counter')
      expect(name).not.toMatch(/_(ms|us|milliseconds|kib|mib)\b/)
      expect(help).toMatch(/^\S.*[^.]$/)
    }
  })

  it('tell how overloaded a server is, as the hook says', async () => {
    const registry = new Registry()
    const { server } = await serveApart({ plugins: [metrics({ registry })], ...echo })
    for (const level of [2, 0] as const) {
      server.overloadChanged(level)
      expect((await scrape(registry)).get(`pollux_overload_level${of('default')}`)).toBe(level)
    }
    expect((await scrape(registry)).get(`pollux_overloads_total${of('default')}`)).toBe(1)
  })

  it('refuse a registry that is none, and another metric by a name of theirs', () => {
    for (const registry of [null, 1, 'x', {}]) {
      expect(() => metrics({ registry: registry as never })).toThrow(TypeError)
    }
    expect(() => metrics(1 as never)).toThrow(TypeError)
    const registry = new Registry()
    new Counter({ name: 'pollux_connections_open', help: 'mine', registers: [registry] })
    expect(() => serverOf({ loop: loopOn(BACKENDS[0]), plugins: [metrics({ registry })], ...echo })).toThrow(
      /already been registered/,
    )
  })
})
