import { EventLoop } from '@pollux/core'
import { afterAll, describe, expect, it } from 'vitest'
import type { ConnectionInit } from '../src/connection/handlers.js'
import { Settings } from '../src/connection/settings.js'

const loop = new EventLoop()
afterAll(() => loop.close())

const make = (init: object) =>
  new Settings({ data() {}, loop, ...init } as ConnectionInit<unknown, Buffer, string>, () => [])

describe('the settings of connections', () => {
  it('have a default each', () => {
    expect(make({})).toMatchObject({
      open: null,
      error: null,
      borrow: false,
      highWaterMark: 256 * 1024,
      lowWaterMark: 64 * 1024,
      maxQueuedBytes: 64 * 1024 * 1024,
      timeouts: { idleMs: 0, handshakeMs: 10_000, firstMessageMs: 0, messageMs: 0, writeMs: 0 },
      hasTimeouts: false,
      allowHalfOpen: false,
      noDelay: true,
    })
  })

  it('keep the marks in order', () => {
    expect(make({ highWaterMark: 1000 }).lowWaterMark).toBe(250)
    expect(make({ highWaterMark: 1 }).lowWaterMark).toBe(0)
    expect(make({ highWaterMark: 2 ** 30 }).maxQueuedBytes).toBe(2 ** 30)
    expect(() => make({ highWaterMark: 1000, lowWaterMark: 1000 })).toThrow(/"lowWaterMark"/)
    expect(() => make({ highWaterMark: 1000, maxQueuedBytes: 999 })).toThrow(/"maxQueuedBytes"/)
  })

  it.each([
    [{ data: undefined }, 'ERR_INVALID_ARG_TYPE'],
    [{ close: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    [{ state: {} }, 'ERR_INVALID_ARG_TYPE'],
    [{ borrow: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ loop: {} }, 'ERR_INVALID_ARG_TYPE'],
    [{ idleTimeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ idleTimeoutMs: 2 ** 31 }, 'ERR_OUT_OF_RANGE'],
    [{ handshakeTimeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ firstMessageTimeoutMs: '5' }, 'ERR_INVALID_ARG_TYPE'],
    [{ messageTimeoutMs: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ writeTimeoutMs: 2 ** 31 }, 'ERR_OUT_OF_RANGE'],
    [{ highWaterMark: 0 }, 'ERR_OUT_OF_RANGE'],
  ])('refuse %o', (init, code) => {
    expect(() => make(init)).toThrow(expect.objectContaining({ code }))
  })
})
