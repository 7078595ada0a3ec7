import { once } from 'node:events'
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { needs } from '../../packages/native-poll/test/support/needs.js'
import { compilePrograms } from '../src/compile.js'
import { allowedCores, type Cores } from '../src/cores.js'
import { readEnvironment } from '../src/environment.js'
import { holdIdle, runLoad } from '../src/load.js'
import { checkPeer, type Peer } from '../src/peers/peer.js'
import { listPeers } from '../src/peers/suites.js'
import { Server } from '../src/server.js'
import { SHAPES, type Shape } from '../src/shapes.js'
import { runTrial } from '../src/trial.js'

const TIMES = { warmUpSeconds: 0.02, durationSeconds: 0.1 }
/** For a load that ends itself by what it is to find, however busy the machine. */
const UNTIL_IT_FAILS = { warmUpSeconds: 0, durationSeconds: 30 }
const ECHO: Shape = {
  name: 'small',
  label: 'small',
  mode: 'echo',
  connections: 5,
  size: 64,
  depth: 3,
  unit: 'messages/s',
}
const cores: Cores = { server: allowedCores()[0] as number, load: allowedCores().at(-1) as number }

function peer(name: string): Peer {
  return listPeers().find((candidate) => candidate.name === name) as Peer
}

// The other tests of the repository may keep every core busy at the same time.
vi.setConfig({ testTimeout: 30_000 })

beforeAll(() => compilePrograms(), 60_000)

describe('a trial', needs(process.platform === 'linux', 'Linux'), () => {
  const environment = { ...readEnvironment(), cores }

  it.each(['c-epoll', 'node-net'])('measures %s with every byte verified', async (name) => {
    const trial = await runTrial(1, ECHO, peer(name), environment, TIMES)
    expect(trial.error).toBeUndefined()
    expect(trial.load?.messages).toBeGreaterThan(0)
    expect(trial.load?.verifiedBytes).toBe(trial.load?.bytes)
    expect(trial.load?.server.cpuSeconds).toBeGreaterThan(0)
    expect(trial.load?.latencyUs.samples).toBeGreaterThan(0)
  })

  it('gets every byte back where sends are short', async () => {
    const large = { ...ECHO, size: 1 << 20 }
    const trial = await runTrial(1, large, peer('c-epoll'), environment, { ...TIMES, durationSeconds: 0.3 })
    expect(trial.error).toBeUndefined()
    expect(trial.load?.verifiedBytes).toBeGreaterThan(0)
  })

  it('counts connections that are opened, answered and closed', async () => {
    const churn = SHAPES.find((shape) => shape.mode === 'churn') as Shape
    const trial = await runTrial(1, churn, peer('c-epoll'), environment, TIMES)
    expect(trial.error).toBeUndefined()
    expect(trial.value).toBeGreaterThan(100)
  })

  it('measures the memory of idle connections', async () => {
    const idle = { ...(SHAPES.find((shape) => shape.mode === 'idle') as Shape), connections: 2000 }
    const trial = await runTrial(1, idle, peer('c-epoll'), environment, TIMES)
    expect(trial.error).toBeUndefined()
    expect(trial.idle?.connections).toBe(2000)
    // One small struct in C; malloc may have room left from the warm-up.
    expect(trial.value).toBeLessThan(200)
  })

  it('says what a server printed that does not start', async () => {
    const broken = {
      name: 'broken',
      label: 'broken',
      command: [process.execPath, '-e', 'throw new Error("no luck")', '--'],
    }
    await expect(Server.start(broken, cores.server)).rejects.toThrow(
      /broken can't start: .*status 1[\s\S]*no luck/,
    )
    const missing = { ...broken, requires: { path: '/nowhere', hint: 'build it' } }
    expect(() => checkPeer(missing)).toThrow("broken can't start: /nowhere is missing. build it")
  })
})

describe('the load generator', needs(process.platform === 'linux', 'Linux'), () => {
  let server: NetServer | undefined

  afterEach(() => {
    server?.close()
  })

  /** A server in this process that answers as told. */
  async function answerBy(answer: (socket: Socket, data: Buffer, count: number) => void) {
    let count = 0
    server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (data) => answer(socket, data, count++))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { target: `127.0.0.1:${(server.address() as AddressInfo).port}`, pid: process.pid }
  }

  it('finds one wrong byte', async () => {
    const target = await answerBy((socket, data, count) => {
      if (count === 20) data[data.length - 1] = (data.at(-1) as number) ^ 1
      socket.write(data)
    })
    await expect(runLoad(ECHO, target, cores, UNTIL_IT_FAILS)).rejects.toThrow('wrong bytes')
  })

  it('sends frames that are lines and length-prefixed messages at once', async () => {
    const received = new Map<Socket, Buffer[]>()
    const target = await answerBy((socket, data) => {
      received.set(socket, [...(received.get(socket) ?? []), data])
      socket.write(data)
    })
    const shape = { ...ECHO, connections: 2, frames: true }
    const load = await runLoad(shape, target, cores, { warmUpSeconds: 0, durationSeconds: 0.05 })
    expect(load.verifiedBytes).toBe(load.bytes)
    const streams = [...received.values()].map((chunks) => Buffer.concat(chunks))
    expect(streams.length).toBe(2)
    for (const stream of streams) {
      expect(stream.length % ECHO.size).toBe(0)
      for (let at = 0; at < stream.length; at += ECHO.size) {
        expect(stream.readUInt32BE(at)).toBe(ECHO.size - 4)
        expect(stream.indexOf('\n', at)).toBe(at + ECHO.size - 1)
      }
    }
    // Each begins elsewhere, so that bytes of another connection are wrong bytes.
    expect(streams[0]?.subarray(0, ECHO.size)).not.toEqual(streams[1]?.subarray(0, ECHO.size))
  })

  it('finds messages that were swapped between connections', async () => {
    let kept: { socket: Socket; data: Buffer } | undefined
    const target = await answerBy((socket, data) => {
      if (kept && kept.socket !== socket) {
        socket.write(kept.data)
        kept.socket.write(data)
        kept = undefined
      } else {
        kept = { socket, data }
      }
    })
    await expect(runLoad(ECHO, target, cores, UNTIL_IT_FAILS)).rejects.toThrow('wrong bytes')
  })

  it('finds bytes that were sent twice', async () => {
    const target = await answerBy((socket, data, count) => {
      socket.write(data)
      if (count === 20) socket.write(data)
    })
    await expect(runLoad(ECHO, target, cores, UNTIL_IT_FAILS)).rejects.toThrow(
      /wrong bytes|more bytes than it sent/,
    )
  })

  it('finds a connection that the server closed', async () => {
    const target = await answerBy((socket, data, count) => {
      if (count === 20) socket.end()
      else socket.write(data)
    })
    await expect(runLoad(ECHO, target, cores, UNTIL_IT_FAILS)).rejects.toThrow('the server closed connection')
  })

  it('finds wrong bytes in the other modes', async () => {
    const target = await answerBy((socket, data) => socket.write(data.fill(0)))
    await expect(runLoad({ ...ECHO, mode: 'churn' }, target, cores, TIMES)).rejects.toThrow('wrong bytes')
    await expect(holdIdle({ ...ECHO, mode: 'idle' }, target.target, cores)).rejects.toThrow('wrong bytes')
  })

  it('fans out when everybody is there: who connects last misses no message', async () => {
    const members = new Set<Socket>()
    server = createServer((socket) => {
      socket.on('error', () => {})
      // One after the other, each later than the first messages.
      setTimeout(() => members.add(socket), 30 * (members.size + 1))
      socket.on('data', (data) => {
        for (const member of members) member.write(data)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const target = { target: `127.0.0.1:${(server.address() as AddressInfo).port}`, pid: process.pid }
    const shape: Shape = { ...ECHO, mode: 'fanout', depth: 1, connections: 20 }
    const load = await runLoad(shape, target, cores, { warmUpSeconds: 0, durationSeconds: 0.05 })
    expect(load.messages % 20).toBe(0)
    expect(load.verifiedBytes).toBe(load.bytes)
  })

  it('fails when nobody listens', async () => {
    const { target } = await answerBy(() => {})
    server?.close()
    await expect(runLoad(ECHO, { target, pid: process.pid }, cores, TIMES)).rejects.toThrow(
      'Connection refused',
    )
  })
})
