// What poll and select make of a kernel that is interrupted, or refuses.
import { EventLoop, POLLIN, poll, pollNow, select, selectNow } from '@pollux/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clearFaults, inject } from '../../../native-poll/test/support/faults.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { iteration, patiently } from '../../../native-poll/test/support/patience.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { unixPair } from '../support/readiness.js'

checkFds()
clearFaults()

describe.each(BACKENDS)('on %s', (backend) => {
  let loop: EventLoop
  beforeEach(() => {
    loop = new EventLoop({ backend })
  })
  afterEach(() => loop.close())

  it('EINTR is repeated', async () => {
    const [near, far] = unixPair(loop)
    far.trySend(Buffer.from('x'))
    inject({ call: 'poll', error: 'EINTR', times: 3 })
    expect(pollNow([{ socket: near, events: POLLIN }])[0].revents).toBe(POLLIN)
    inject({ call: 'select', error: 'EINTR', times: 3 })
    expect(selectNow({ read: [near, far] }).read).toEqual([near])
    inject({ call: 'poll', error: 'EINTR', times: 3 })
    expect((await poll([{ socket: near, events: POLLIN }], -1, { loop }))[0].revents).toBe(POLLIN)
  })

  it.each(['ENOMEM', 'EINVAL'])('%s is an error of the call', async (error) => {
    const [near] = unixPair(loop)
    const entries = [{ socket: near, events: POLLIN }]
    const refusal = (syscall: string) =>
      expect.objectContaining({ name: 'SocketError', code: error, syscall })
    inject({ call: 'poll', error })
    expect(() => pollNow(entries)).toThrow(refusal('poll'))
    inject({ call: 'poll', error })
    await expect(poll(entries, -1, { loop })).rejects.toEqual(refusal('poll'))
    inject({ call: 'select', error })
    expect(() => selectNow({ read: [near] })).toThrow(refusal('select'))
    inject({ call: 'select', error })
    await expect(select({ read: [near] }, -1, { loop })).rejects.toEqual(refusal('select'))
  })

  it('a refusal while calls wait is an error of those that it concerns', async () => {
    const [near, far] = unixPair(loop)
    const waiting = poll([{ socket: near, events: POLLIN }], -1, { loop }).catch((error) => error)
    const setWaiting = select({ read: [near] }, -1, { loop })
    await iteration()
    // The look at all of them, and then that of the first by itself; select's is another call.
    if (backend !== 'poll') inject({ call: 'poll', error: 'ENOMEM', times: 2 })
    far.trySend(Buffer.from('x'))
    const found = await patiently(waiting, 'poll')
    if (backend !== 'poll') expect(found).toMatchObject({ code: 'ENOMEM', syscall: 'poll' })
    expect((await patiently(setWaiting, 'select')).read).toEqual([near])
  })
})
