// Bad input of serve(): a TypeError or RangeError that names it, before any thread is started.
import { serve } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { appOf, expectRejection } from './support.js'

const app = appOf('talkative')

describe('serve', () => {
  it.each([
    ['app', './app.js', {}, 'ERR_INVALID_ARG_TYPE'],
    ['app', undefined, {}, 'ERR_INVALID_ARG_TYPE'],
    ['options', app, null, 'ERR_INVALID_ARG_TYPE'],
    ['workers', app, { workers: 0 }, 'ERR_OUT_OF_RANGE'],
    ['workers', app, { workers: 1.5 }, 'ERR_OUT_OF_RANGE'],
    ['workers', app, { workers: 'all' }, 'ERR_INVALID_ARG_TYPE'],
    ['workerExit', app, { workerExit: true }, 'ERR_INVALID_ARG_TYPE'],
    ['failed', app, { failed: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['restart', app, { restart: 5 }, 'ERR_INVALID_ARG_TYPE'],
    ['restart.minDelayMs', app, { restart: { minDelayMs: -1 } }, 'ERR_OUT_OF_RANGE'],
    ['restart.maxDelayMs', app, { restart: { minDelayMs: 2, maxDelayMs: 1 } }, 'ERR_OUT_OF_RANGE'],
    ['restart.attempts', app, { restart: { attempts: 0 } }, 'ERR_OUT_OF_RANGE'],
    ['startTimeoutMs', app, { startTimeoutMs: 0 }, 'ERR_OUT_OF_RANGE'],
    ['startTimeoutMs', app, { startTimeoutMs: Number.NaN }, 'ERR_OUT_OF_RANGE'],
    ['closeDeadlineMs', app, { closeDeadlineMs: '1' }, 'ERR_INVALID_ARG_TYPE'],
    ['signals', app, { signals: 'SIGTERM' }, 'ERR_INVALID_ARG_TYPE'],
  ])('names %s', async (name, url, options, code) => {
    const error = await expectRejection(serve(url as URL, options as object))
    expect(error.code).toBe(code)
    expect(error.message).toContain(`"${name}"`)
  })

  it('rejects data that can not be cloned', async () => {
    const error = await expectRejection(serve(app, { workers: 2, data: () => {} }))
    expect(error.name).toBe('DataCloneError')
  })
})
