// The suite `net`: one program text, over two modules.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { needs, needsPrograms } from '../../packages/native-poll/test/support/needs.js'
import { compilePrograms } from '../src/compile.js'
import { allowedCores, type Cores } from '../src/cores.js'
import { readEnvironment } from '../src/environment.js'
import { runPinned } from '../src/others.js'
import type { Peer } from '../src/peers/peer.js'
import type { Shape } from '../src/shapes.js'
import { NET } from '../src/suites.js'
import { runTrial } from '../src/trial.js'

const TIMES = { warmUpSeconds: 0.05, durationSeconds: 0.1 }
const cores: Cores = { server: allowedCores()[0] as number, load: allowedCores().at(-1) as number }
const peers = NET.peers()
const shapes = NET.shapes.filter(({ mode }) => mode !== 'idle')
const isIn = (family: string) => (shape: Shape) => shape.name.startsWith(family)
const byWrk = shapes.filter(isIn('http'))
const overTls = shapes.filter(isIn('tls'))
const own = shapes.filter((shape) => !byWrk.includes(shape) && !overTls.includes(shape))

vi.setConfig({ testTimeout: 60_000 })

beforeAll(() => compilePrograms(), 60_000)

function trialOf(shape: Shape, peer: Peer) {
  return runTrial(1, shape, peer, { ...readEnvironment(), cores }, TIMES)
}

describe('a trial of the suite net', needs(process.platform === 'linux', 'Linux'), () => {
  describe.each(peers.map((peer) => [peer.name, peer] as const))('over %s', (_, peer) => {
    async function expectMeasured(shape: Shape) {
      const trial = await trialOf(shape, peer)
      expect(trial.error).toBeUndefined()
      expect(trial.value).toBeGreaterThan(10)
      expect(trial.load?.server.cpuSeconds).toBeGreaterThan(0)
    }

    it.each(own)('measures $name', expectMeasured)
    it.each(byWrk)('measures $name', needsPrograms('wrk'), expectMeasured)
    it.each(overTls)('measures $name', needsPrograms('openssl'), expectMeasured)

    it('fails where the client with onread gets a wrong byte back', async () => {
      const spoil = (data: Buffer) => Buffer.from(data.map((byte) => byte ^ 1))
      await withServer(
        (socket) => socket.on('data', (data) => socket.write(spoil(data))),
        async (port) => {
          const command = [...(peer.client as string[]), '--host', '127.0.0.1', '--port', String(port)]
          await expect(runPinned(command, cores.load)).rejects.toThrow(/a wrong byte at 0 of 65536/)
        },
      )
    })
  })
})

async function withServer(listener: (socket: Socket) => void, use: (port: number) => Promise<void>) {
  const server = createServer((socket) => {
    // Of a client that has failed.
    socket.on('error', () => socket.destroy())
    listener(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use((server.address() as { port: number }).port)
  } finally {
    server.close()
  }
}
