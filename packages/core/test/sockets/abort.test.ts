// One signal for many calls: a program that ends ends all of them, and a signal outlives most of what it is given to.
import { getEventListeners, once } from 'node:events'
import { AF_UNIX, getaddrinfo, POLLIN, poll, SOCK_STREAM, type Socket, socketpair } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { freshLoop, rejection } from '../support/sockets.js'

checkFds()

const CALLS = 1000

/** The warnings that `during` makes Node.js print. */
async function warningsOf(during: () => unknown): Promise<string[]> {
  const warnings: string[] = []
  const note = (warning: Error) => warnings.push(warning.name)
  process.on('warning', note)
  await during()
  // Warnings come in the order in which they were made: ours is the last.
  const told = once(process, 'warning')
  process.emitWarning('that is all', 'Last')
  await told
  process.off('warning', note)
  return warnings
}

describe.each(BACKENDS)('a signal of many calls on %s', (backend) => {
  const at = freshLoop(backend)
  const pair = () => socketpair(AF_UNIX, SOCK_STREAM, 0, at)

  const calls: [string, (socket: Socket, signal: AbortSignal) => Promise<unknown>][] = [
    ['recv', (socket, signal) => socket.recv(Buffer.alloc(1), 0, { signal })],
    ['poll', (socket, signal) => poll([{ socket, events: POLLIN }], -1, { signal })],
    ['getaddrinfo', (_, signal) => getaddrinfo('127.0.0.1', 80, {}, { signal })],
  ]

  it.each(calls)('ends them all, and nobody warns: %s', async (_name, call) => {
    const [one] = pair()
    const controller = new AbortController()
    const { signal } = controller
    let waiting: Promise<unknown>[] = []
    const warnings = await warningsOf(() => {
      waiting = Array.from({ length: CALLS }, () => rejection(call(one, signal)))
      expect(getEventListeners(signal, 'abort')).toHaveLength(1)
      controller.abort('enough')
    })
    expect(warnings).toEqual(['Last'])
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['enough']))
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it.each(calls)('hears of no call any more that was settled without it: %s', async (_name, call) => {
    const [one, other] = pair()
    const { signal } = new AbortController()
    const waiting = Array.from({ length: CALLS }, () => call(one, signal))
    await other.send(Buffer.alloc(CALLS))
    await Promise.all(waiting)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    // It can be used again.
    const controller = AbortSignal.any([signal, AbortSignal.abort('late')])
    expect(await rejection(call(one, controller))).toBe('late')
  })
})
