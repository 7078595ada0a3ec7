// Sockets as most tests of the calls begin with: a loop for each test, connected pairs, and what errors look like.
import { readFileSync } from 'node:fs'
import {
  AF_INET,
  AF_INET6,
  EventLoop,
  type IpAddress,
  SOCK_STREAM,
  type Socket,
  type SocketAddress,
  socket,
  WOULD_BLOCK,
} from '@pollux/core'
import type { BackendName } from '@pollux/native-poll'
import { afterEach, beforeEach, expect } from 'vitest'

/** A loop of its own for each test; what is still open on it is closed with it. */
export function freshLoop(backend?: BackendName): { readonly loop: EventLoop } {
  let loop: EventLoop
  beforeEach(() => {
    loop = new EventLoop({ backend })
  })
  afterEach(() => loop.close())
  return {
    get loop() {
      return loop
    },
  }
}

/** A socket that listens on a port of this machine, and its address. */
export function listening(loop: EventLoop, { host = '127.0.0.1', backlog = 16 } = {}) {
  const listener = socket(host.includes(':') ? AF_INET6 : AF_INET, SOCK_STREAM, 0, { loop })
  listener.bind({ host, port: 0 })
  listener.listen(backlog)
  return { listener, address: ipAddress(listener.getsockname()) }
}

/** Both ends of a TCP connection. */
export async function tcpPair(loop: EventLoop): Promise<{ client: Socket; server: Socket }> {
  const { listener, address } = listening(loop)
  const client = socket(AF_INET, SOCK_STREAM, 0, { loop })
  const [{ socket: server }] = await Promise.all([listener.accept(), client.connect(address)])
  listener.close()
  return { client, server }
}

export function ipAddress(address: SocketAddress): IpAddress {
  if (address.family === 'Unix') throw new Error('not an IP address')
  return address
}

/** A SocketError with that code, of that system call. */
export function failure(code: string | RegExp, syscall?: string, more: object = {}) {
  const named = typeof code === 'string' ? code : expect.stringMatching(code)
  return expect.objectContaining({ name: 'SocketError', code: named, ...(syscall && { syscall }), ...more })
}

/** What a call that would have to wait says. */
export function expectWouldBlock(result: unknown) {
  expect(result).toBe(WOULD_BLOCK)
}

/** Sends until the kernel takes no more; how many bytes that were. */
export function fill(sender: Socket, chunk: Uint8Array = new Uint8Array(64 * 1024)): number {
  let total = 0
  for (;;) {
    const sent = sender.trySend(chunk)
    if (sent === WOULD_BLOCK) return total
    total += sent
  }
}

/** All that comes until the end of the stream. */
export async function readToEnd(receiver: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(64 * 1024)
    const bytes = await receiver.recv(chunk)
    if (bytes === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, bytes))
  }
}

/** Flags of an open file, as the kernel has them (proc(5)); Linux only. */
export function openFlags(fd: number): number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')
  return Number.parseInt(text.match(/^flags:\s+([0-7]+)$/m)?.[1] ?? '', 8)
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`expected a rejection, got ${String(value)}`)
    },
    (error) => error,
  )
}
