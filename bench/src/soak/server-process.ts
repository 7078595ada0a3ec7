/** The process under test: makes the server of each round, closes it, and says what is left of it. */
import { readdirSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AnyServer, type Endpoint, EventLoop, serve, type WorkerGroup } from '@pollux/framework'
import { makeProxy, makeServer } from './app.js'
import { begin } from './misfortunes.js'
import type { Round } from './rounds.js'

/** What is left when a round is over. All of it is compared with what it was before, or with 0. */
export interface Remains {
  /** Descriptors, without those of pipes. */
  fds: number
  /** Descriptors of pipes: the event loop keeps some for splice(2). */
  pipes: number
  openSockets: number
  backlogBytes: number
  /** Connections that were opened and never closed, by the server's own counters. */
  unclosed: number
  rss: number
  heap: number
  opened: number
  messages: number
  handlerErrors: number
  restarts: number
}

let server: AnyServer | undefined
let proxy: AnyServer | undefined
let group: WorkerGroup | undefined
let restore = () => {}

const collect = globalThis.gc as () => void

process.on('message', (message: { start: Round } | 'stop') => {
  void (message === 'stop' ? stop() : start(message.start))
})

async function start(round: Round): Promise<void> {
  const path = join(tmpdir(), `pollux-soak-${process.pid}.sock`)
  const target = round.unix ? { path } : { host: '127.0.0.1', port: 0 }
  let address: unknown
  if (round.misfortune === 'dying workers') {
    group = await serve(new URL('./app.js', import.meta.url), {
      workers: 2,
      data: { round, target },
      restart: { minDelayMs: 10, maxDelayMs: 100 },
      workerExit() {},
    })
    address = group.address
  } else {
    server = makeServer(round, false)
    address = await server.listen(target)
    if (round.front === 'a proxy') {
      proxy = makeProxy(address as Endpoint)
      address = await proxy.listen({ host: '127.0.0.1', port: 0 })
    }
  }
  restore = await begin(round)
  process.send?.({ listening: address })
}

async function stop(): Promise<void> {
  restore()
  await proxy?.close({ deadlineMs: 1000 })
  await Promise.all([server?.close({ deadlineMs: 1000 }), group?.close({ deadlineMs: 1000 })])
  const left = { unclosed: 0, opened: 0, messages: 0, handlerErrors: 0, restarts: group?.restarts ?? 0 }
  if (server !== undefined) {
    const { opened, closed, messagesReceived, handlerErrors } = server.statistics
    left.unclosed = opened - [...closed.values()].reduce((sum, count) => sum + count, 0)
    Object.assign(left, { opened, messages: messagesReceived, handlerErrors })
  }
  server = undefined
  proxy = undefined
  group = undefined
  process.send?.({ remains: { ...left, ...(await look()) } })
}

/** Once what is collected in several steps is gone. */
async function look() {
  for (let i = 0; i < 4; i++) {
    collect()
    await sleep(20)
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  const loop = EventLoop.default()
  return {
    ...countDescriptors(),
    openSockets: loop.counter('openSockets'),
    backlogBytes: loop.counter('backlogBytes'),
    rss,
    heap: heapUsed + external,
  }
}

function countDescriptors() {
  let pipes = 0
  let fds = 0
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith('pipe:')) pipes++
      else fds++
    } catch {
      // The one that read the folder.
    }
  }
  return { fds, pipes }
}
