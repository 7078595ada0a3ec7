// What many connections leave behind: nothing, also where the program forgets them.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { EventLoop } from '@pollux/core'
import * as net from '@pollux/net'
import { expect, it } from 'vitest'
import { eventually, iteration, patiently } from '../../native-poll/test/support/patience.js'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()

const CONNECTIONS = 10_000
const WAVE = 250
/** Of what the first waves left, which is what a process keeps: compiled code, pools. */
const MOST_BYTES_EACH = 200

const openSockets = () => EventLoop.default().counter('openSockets')

it(`${CONNECTIONS} connections leave no descriptor, no socket and no memory`, async () => {
  // The server ends first: it is its side that waits in TIME_WAIT then, and the ports of the clients are free at once.
  const { server, port } = await listening((socket) => socket.once('data', (data) => socket.end(data)))
  const open = openSockets()
  for (let i = 0; i < CONNECTIONS / 5; i += WAVE) await wave(port)
  const before = await heapUsed()
  for (let i = 0; i < CONNECTIONS; i += WAVE) await wave(port)
  await eventually('the last sockets to close', () => openSockets() === open)
  const grown = (await heapUsed()) - before
  expect(grown / CONNECTIONS).toBeLessThan(MOST_BYTES_EACH)
  await close(server)
})

it('sockets that the program forgot are collected once their peers have ended', async () => {
  const { server, port } = await listening((socket) => socket.end('bye'))
  const open = openSockets()
  const forgotten: WeakRef<net.Socket>[] = []
  await Promise.all(Array.from({ length: WAVE }, () => forget(port, forgotten)))
  await eventually('the sockets to close', () => openSockets() === open)
  await eventually('the sockets to be collected', () => {
    gc?.()
    return forgotten.every((socket) => socket.deref() === undefined)
  })
  expect(forgotten.length).toBe(WAVE)
  await close(server)
})

it('a socket that never connected, and one that was refused, are collected', async () => {
  const open = openSockets()
  const forgotten: WeakRef<net.Socket>[] = []
  const { server, port } = await listening(() => {})
  await close(server)
  for (let i = 0; i < 20; i++) {
    forgotten.push(new WeakRef(new net.Socket()))
    await refuse(port, forgotten)
  }
  expect(openSockets()).toBe(open)
  await eventually('the sockets to be collected', () => {
    gc?.()
    return forgotten.every((socket) => socket.deref() === undefined)
  })
})

async function listening(serve: (socket: net.Socket) => void): Promise<{ server: net.Server; port: number }> {
  const server = net.createServer(serve)
  await once(server.listen(0, '127.0.0.1', 511), 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

async function close(server: net.Server): Promise<void> {
  server.close()
  await patiently(once(server, 'close'), 'the server to close')
}

const wave = (port: number) => Promise.all(Array.from({ length: WAVE }, () => serve(port)))

async function serve(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1')
  const closed = once(socket, 'close')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.write('hello')
  await patiently(closed, 'a connection to close')
  expect(answer).toBe('hello')
}

/** A connection of which nothing is kept, and that nobody closes: the server ends it. */
function forget(port: number, forgotten: WeakRef<net.Socket>[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', resolve)
    socket.on('data', () => {})
    forgotten.push(new WeakRef(socket))
  })
}

function refuse(port: number, forgotten: WeakRef<net.Socket>[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {})
    socket.on('close', () => resolve())
    forgotten.push(new WeakRef(socket))
  })
}

/** Once what finalizers free is free. */
async function heapUsed(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    gc?.()
    await iteration()
  }
  return process.memoryUsage().heapUsed
}
