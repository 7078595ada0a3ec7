import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket as NodeSocket } from 'node:net'
import { setImmediate as nextIteration } from 'node:timers/promises'
import { EventLoop, SocketError } from '@pollux/core'
import { type BackendName, loadBinding } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'

const { backends } = loadBinding()
const collect = globalThis.gc as () => void

/** In a function of its own: no frame of the test holds the loop. */
function closedLoop(backend: BackendName): WeakRef<EventLoop> {
  const loop = new EventLoop({ backend })
  loop.close()
  return new WeakRef(loop)
}

describe.each(backends)('a loop on %s', (backend) => {
  it('that is closed is collected, with its memory', async () => {
    const held = Array.from({ length: 5 }, () => closedLoop(backend))
    // libuv closes handles in an iteration of its own; a WeakRef holds until the job that made it has ended.
    for (let i = 0; i < 100 && held.some((loop) => loop.deref()); i++) {
      await nextIteration()
      collect()
    }
    expect(held.map((loop) => loop.deref())).toEqual(held.map(() => undefined))
  })

  it('refuses work once it is closed', () => {
    const loop = new EventLoop({ backend })
    loop.close()
    expect(() => loop.openHandle((reactor) => reactor.socket(2, 1, 0))).toThrow(SocketError)
  })
})

describe('a process', () => {
  it('that exits in the turn in which it wrote has sent the bytes', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { Channel, EventLoop, Op, ChannelSocket } from '@pollux/core'
         class Client extends Channel {
           onConnect() {
             this.loop.submissions.text(this.slot, this.generation, 'last words', undefined)
             process.exit(0)
           }
         }
         const loop = EventLoop.default()
         const handle = loop.openHandle((reactor) => reactor.socket(2, 1, 0))
         new Client(loop, handle % 2 ** 24, Math.floor(handle / 2 ** 24))
         loop.reactor.connectIp(handle, '127.0.0.1', ${port}, 0, false)`,
      ],
      { stdio: 'inherit', cwd: import.meta.dirname },
    )
    const [peer] = (await once(server, 'connection')) as [NodeSocket]
    const chunks: Buffer[] = []
    for await (const chunk of peer) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe('last words')
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(0)
    server.close()
  })
})
