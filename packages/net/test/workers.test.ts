// Threads that are terminated in mid-traffic take nothing with them and leave nothing behind.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import * as net from '@pollux/net'
import { afterEach, expect, it } from 'vitest'
import { openFds } from '../../native-poll/test/support/leaks.js'
import { eventually, patiently } from '../../native-poll/test/support/patience.js'
import { noise } from '../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()

const TIMES = 10
const PROGRAM = fileURLToPath(new URL('./fixtures/traffic-worker.mjs', import.meta.url))

const workers = new Set<Worker>()
afterEach(async () => {
  for (const worker of workers) await worker.terminate()
  workers.clear()
})

it(`workers terminated in mid-traffic ${TIMES} times leave no fd, and the main thread goes on`, async () => {
  // What the first worker of a process opens for good is no leak.
  await (await start()).worker.terminate()
  const server = net.createServer((socket) => socket.on('error', () => {}).pipe(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  await echo(socket)
  const before = openFds()

  for (let i = 0; i < TIMES; i++) {
    const { worker, port } = await start()
    // A connection between the threads, which the end of the other one closes or resets.
    const across = net.connect(port, '127.0.0.1').on('error', () => {})
    await patiently(once(across, 'connect'), 'a connection to the worker')
    const closed = new Promise((resolve) => across.resume().once('close', resolve))
    const echoed = echo(socket)
    await worker.terminate()
    await patiently(closed, 'the connection to the worker to close')
    await echoed
  }

  await eventually('every descriptor to be closed', () => openFds().length <= before.length)
  expect(openFds()).toEqual(before)
  socket.end()
  server.close()
  await patiently(once(server, 'close'), 'the server to close')
})

/** A worker with its traffic under way. */
async function start(): Promise<{ worker: Worker; port: number }> {
  const worker = new Worker(PROGRAM)
  workers.add(worker)
  const [port] = await patiently(once(worker, 'message'), 'a worker to be busy')
  return { worker, port }
}

async function echo(socket: net.Socket): Promise<void> {
  const bytes = noise(50_000)
  const back: Buffer[] = []
  let length = 0
  const take = (chunk: Buffer) => {
    back.push(chunk)
    length += chunk.length
  }
  socket.on('data', take)
  socket.write(bytes)
  await eventually('the echo', () => length >= bytes.length)
  socket.off('data', take)
  expect(Buffer.concat(back).equals(bytes)).toBe(true)
}
