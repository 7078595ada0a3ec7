// Answers find their requests, in order or by id, whatever is late or lost.
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren, eventually, iteration } from '../support/raw.js'
import { leaveNothingBehind, reasonOf } from './support/clients.js'
import { idOf, talking } from './support/talking.js'

leaveNothingBehind()
afterEach(endChildren)

describe('answers in order', () => {
  it('go to the requests in the order of sending', async () => {
    const { ask, peer, requests, conn } = await talking()
    const answers = Promise.all([ask('a'), ask('b'), ask('c')])
    expect(requests.pending(conn)).toBe(3)
    await peer.expectBytes('a\nb\nc\n')
    await peer.send('1\n2\n')
    await peer.send('3\n')
    expect(await answers).toEqual(['1', '2', '3'])
    expect(requests.pending(conn)).toBe(0)
  })

  it('keep the place of a request that was given up, so that its late answer is nobody else’s', async () => {
    const { ask, peer, log } = await talking()
    const abort = new AbortController()
    const late = reasonOf(ask('a', { timeoutMs: 5 }))
    const aborted = reasonOf(ask('b', { signal: abort.signal }))
    const answered = ask('c')
    expect(await late).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    abort.abort(new Error('enough'))
    expect((await aborted).message).toBe('enough')
    await peer.send('for a\nfor b\nfor c\n')
    expect(await answered).toBe('for c')
    expect(log).toEqual([])
  })

  it('fail the connection where nobody asked', async () => {
    const { ask, peer, log, conn } = await talking()
    const asked = ask('a')
    await peer.send('1\n2\n3\n')
    expect(await asked).toBe('1')
    await eventually('the close', () => conn.readyState === 'closed')
    expect(log).toEqual(['ERR_POLLUX_UNEXPECTED_ANSWER'])
    expect([conn.closeReason, conn.statistics.handlerErrors]).toEqual(['unexpected_answer', 0])
  })

  it('are told apart from push messages', async () => {
    const { ask, peer, log } = await talking({ isPush: (line) => line.startsWith('!') })
    const asked = ask('a')
    await peer.send('!news\n1\n!more\n')
    expect(await asked).toBe('1')
    await eventually('the news', () => log.length === 2)
    expect(log).toEqual(['!news', '!more'])
  })

  it('go to `unexpected`, where there is one and nobody asked', async () => {
    const unexpected: string[] = []
    const { ask, peer, conn } = await talking({ unexpected: (_conn, line) => unexpected.push(line) })
    await peer.send('x\n')
    await eventually('it', () => unexpected.length === 1)
    const asked = ask('a')
    await peer.send('1\n')
    expect(await asked).toBe('1')
    expect([unexpected, conn.readyState]).toEqual([['x'], 'open'])
  })

  it('need no `message` handler', async () => {
    const { ask, peer } = await talking({}, { message: undefined })
    const asked = ask('a')
    await peer.send('1\n')
    expect(await asked).toBe('1')
  })
})

describe('answers by id', () => {
  it('come in any order', async () => {
    const { ask, peer, log } = await talking({ idOf })
    const answers = Promise.all([ask('1:a'), ask('2:b'), ask('3:c')])
    await peer.send('3:C\nno answer to anything\n1:A\n2:B\n')
    expect(await answers).toEqual(['1:A', '2:B', '3:C'])
    expect(log).toEqual(['no answer to anything'])
  })

  it('are known for what they are when they come too late, and do not hold others up', async () => {
    const { ask, peer, log, requests, conn } = await talking({ idOf, maxInFlight: 1 })
    expect(await reasonOf(ask('1:a', { timeoutMs: 1 }))).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    expect(requests.pending(conn)).toBe(0)
    const answered = ask('2:b')
    await peer.send('1:late\n2:B\n')
    expect(await answered).toBe('2:B')
    expect([log, conn.readyState]).toEqual([[], 'open'])
    await peer.send('1:again\n')
    await eventually('the close', () => conn.readyState === 'closed')
    expect(log).toEqual(['ERR_POLLUX_UNEXPECTED_ANSWER'])
  })

  it('refuse an id that is in use, or whose answer may still come, and a request without', async () => {
    const { ask, peer } = await talking({ idOf })
    const first = ask('1:a')
    expect(await reasonOf(ask('1:b'))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(await reasonOf(ask('2:c', { timeoutMs: 1 }))).toMatchObject({ code: 'ERR_POLLUX_TIMEOUT' })
    expect(await reasonOf(ask('2:d'))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(await reasonOf(ask('no id'))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    await peer.send('1:A\n2:C\n')
    expect(await first).toBe('1:A')
    const again = ask('1:e')
    await peer.send('1:E\n')
    expect(await again).toBe('1:E')
    await peer.expectBytes('1:a\n2:c\n1:e\n')
  })

  it('are forgotten, late ones too, beyond a bound', async () => {
    const { ask, peer, log, conn } = await talking({ idOf })
    const abort = new AbortController()
    const given = Array.from({ length: 1025 }, (_, i) => reasonOf(ask(`${i}:x`, { signal: abort.signal })))
    await iteration()
    abort.abort(new Error('all of you'))
    await Promise.all(given)
    await peer.send('1:late\n1024:late\n')
    const answered = ask('0:once more')
    await peer.send('0:y\n')
    expect(await answered).toBe('0:y')
    expect([log, conn.readyState]).toEqual([[], 'open'])
  })
})
