// What kernels say of options only now and then.
import { AF_INET, constants, EventLoop, SOCK_STREAM, socket } from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { callCounts, clearFaults, forget, inject } from '../../../native-poll/test/support/faults.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'

checkFds()
clearFaults()
afterEach(() => EventLoop.default().close())

const { SOL_SOCKET, SO_KEEPALIVE } = constants

/** Each way to the two system calls. */
const READS = {
  'an int': () => tcp().getsockopt('SOL_SOCKET', 'SO_KEEPALIVE'),
  'a struct': () => tcp().getsockopt('SOL_SOCKET', 'SO_LINGER'),
  'raw bytes': () => tcp().getsockopt(SOL_SOCKET, SO_KEEPALIVE, 4),
}
const WRITES = {
  'an int': () => tcp().setsockopt('SOL_SOCKET', 'SO_KEEPALIVE', true),
  'a struct': () => tcp().setsockopt('SOL_SOCKET', 'SO_LINGER', { on: true, seconds: 1 }),
  'raw bytes': () => tcp().setsockopt(SOL_SOCKET, SO_KEEPALIVE, new Int32Array([1])),
}

/** A socket, and whatever was injected is for what comes next. */
let fault: () => void = () => {}
function tcp() {
  const made = socket(AF_INET, SOCK_STREAM)
  forget()
  fault()
  return made
}

describe.each([
  ['getsockopt', READS],
  ['setsockopt', WRITES],
] as const)('%s', (call, ways) => {
  it.each(Object.entries(ways))('of %s is made again when a signal interrupts it', (_, run) => {
    fault = () => inject({ call, error: 'EINTR', times: 3 })
    expect(run).not.toThrow()
    expect(callCounts()[call]).toBe(4)
  })

  it.each(Object.entries(ways))('of %s that fails says what the kernel said', (_, run) => {
    for (const error of ['EPERM', 'ENOMEM', 'ENOBUFS', 'EINVAL']) {
      fault = () => inject({ call, error })
      expect(run).toThrow(expect.objectContaining({ code: error, syscall: call }))
    }
  })
})
