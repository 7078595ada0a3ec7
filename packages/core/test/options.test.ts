import { describe, expect, it } from 'vitest'
import { type EventLoopOptions, resolveLoopOptions } from '../src/options.js'

const BACKENDS = ['epoll', 'poll'] as const

const resolve = (options: EventLoopOptions, environment?: string) =>
  resolveLoopOptions(options, BACKENDS, environment)

describe('the options of a loop', () => {
  it('have a default each', () => {
    expect(resolve({})).toEqual({
      backend: 'epoll',
      slabBytes: 4 * 1024 * 1024,
      poolBytes: 128 * 1024,
      maxReadBytes: 64 * 1024,
      copyMaxBytes: 2048,
      sendSlabBytes: 256 * 1024,
      eventCapacity: 4096,
      submissionCapacity: 4096,
      initialSlots: 16_384,
      acceptBudget: 64,
      maxRounds: 64,
      maxTurnUs: 2000,
      busyPollUs: 50,
    })
  })

  it('take the backend from the option, then the environment, then the build', () => {
    expect(resolve({ backend: 'epoll' }, 'poll').backend).toBe('epoll')
    expect(resolve({}, 'poll').backend).toBe('poll')
    expect(resolve({}, '').backend).toBe('epoll')
  })

  it('name what is wrong', () => {
    expect(() => resolve({ backend: 'select' })).toThrow(/'backend' must be one of this build's: epoll, poll/)
    expect(() => resolve({}, 'kqueue')).toThrow(/'POLLUX_BACKEND' must be one of/)
    expect(() => resolve({ maxReadBytes: 0 })).toThrow(/"maxReadBytes" is out of range/)
    expect(() => resolve({ maxRounds: '3' as unknown as number })).toThrow(TypeError)
    expect(() => resolve(null as unknown as EventLoopOptions)).toThrow(TypeError)
  })

  it('fit together: a slab holds one receive, a pool one chunk', () => {
    expect(() => resolve({ slabBytes: 64 * 1024 })).toThrow(/"slabBytes".*maxReadBytes/)
    expect(() => resolve({ poolBytes: 1024 })).toThrow(/"poolBytes".*copyMaxBytes/)
    expect(resolve({ slabBytes: 4096, maxReadBytes: 1024 }).slabBytes).toBe(4096)
  })
})
