// select(2): its three sets as python3 has them, its limit, and waiting without blocking anything.
import { closeSync, openSync } from 'node:fs'
import {
  AF_INET,
  EventLoop,
  FD_SETSIZE,
  MSG_OOB,
  POLLIN,
  pollNow,
  type SelectSets,
  SHUT_WR,
  SOCK_DGRAM,
  select,
  selectNow,
  socket,
} from '@pollux/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { eventually, iteration, patiently } from '../../../native-poll/test/support/patience.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import {
  fifo,
  fill,
  pythonVerdicts,
  reset,
  STATES,
  tcpPair,
  unixPair,
  type Verdict,
} from '../support/readiness.js'

checkFds()
const folder = temporaryFolder()
const NOTHING = { read: [], write: [], except: [] }
const verdicts: Record<string, Verdict> = pythonVerdicts()

describe.each(BACKENDS)('select on %s', (backend) => {
  let loop: EventLoop
  const opened: number[] = []
  beforeEach(() => {
    loop = new EventLoop({ backend })
  })
  afterEach(() => {
    loop.close()
    for (const fd of opened.splice(0)) closeSync(fd)
  })

  const wait = (sets: SelectSets, timeoutMs?: number, options = {}) =>
    patiently(select(sets, timeoutMs, { loop, ...options }), 'select')

  it.each(Object.keys(STATES))('has a socket that is %s in the same sets as python3', async (state) => {
    const near = await STATES[state](loop)
    const sets = { read: [near], write: [near], except: [near] }
    const found = () => Object.values(selectNow(sets)).map((each) => each.length)
    await eventually(state, () => String(found()) === String(verdicts[state].sets))
    const any = verdicts[state].sets.includes(1)
    const waited = Object.values(await wait(sets, any ? -1 : 1)).map((each) => each.length)
    expect(waited).toEqual(verdicts[state].sets)
  })

  it('waits for each set by itself', async () => {
    const [near, far] = await tcpPair(loop)
    fill(near)
    const read = wait({ read: [near] })
    const write = wait({ write: new Set([near]) })
    const except = wait({ except: [near.fd] })
    await iteration()
    far.trySend(Buffer.from('!'), MSG_OOB)
    expect(await except).toEqual({ ...NOTHING, except: [near.fd] })
    far.trySend(Buffer.from('x'))
    expect(await read).toEqual({ ...NOTHING, read: [near] })
    const drained = setInterval(() => far.tryRecv(Buffer.alloc(1 << 20)), 0)
    expect(await write).toEqual({ ...NOTHING, write: [near] })
    clearInterval(drained)
  })

  it('tells all that are ready, in the order of their sets', async () => {
    const [one, other] = unixPair(loop)
    const [quiet] = unixPair(loop)
    other.trySend(Buffer.from('x'))
    const sets = { read: [quiet, one, one.fd], write: [other, one] }
    expect(selectNow(sets)).toEqual({ read: [one, one.fd], write: [other, one], except: [] })
    expect(await wait(sets)).toEqual(selectNow(sets))
  })

  it('is over after its time, with empty sets, also with nothing to wait for', async () => {
    const [near] = unixPair(loop)
    expect(await wait({ read: [near] }, 2)).toEqual(NOTHING)
    expect(await wait({ read: [near], except: [near] }, 0)).toEqual(NOTHING)
    expect(await wait({}, 2)).toEqual(NOTHING)
    expect(selectNow({})).toEqual(NOTHING)
  })

  it('is aborted with the reason of its signal', async () => {
    const [near] = unixPair(loop)
    const controller = new AbortController()
    const waiting = wait({ read: [near] }, -1, { signal: controller.signal })
    await iteration()
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await expect(wait({ write: [near] }, -1, { signal: controller.signal })).rejects.toBe('enough')
  })

  it('refuses a closed socket, and one that is closed meanwhile, by ERR_POLLUX_CLOSED', async () => {
    const [near, far] = unixPair(loop)
    const closed = expect.objectContaining({
      name: 'SocketError',
      code: 'ERR_POLLUX_CLOSED',
      syscall: 'select',
    })
    const waiting = wait({ read: [near, far] }).catch((error) => error)
    await iteration()
    near.close()
    expect(pollNow([{ socket: far, events: 0 }])[0].revents).not.toBe(0)
    expect(await waiting).toEqual(closed)
    expect(() => selectNow({ read: [near] })).toThrow(closed)
    await expect(wait({ write: [far], except: [near] })).rejects.toEqual(closed)
    const reader = wait({ read: [unixPair(loop)[0]] }).catch((error) => error)
    await iteration()
    loop.close()
    expect(await reader).toEqual(closed)
  })

  it('names the fd that is not open', async () => {
    const [near] = unixPair(loop)
    const fd = openSync('/dev/null', 'r')
    closeSync(fd)
    const bad = expect.objectContaining({
      name: 'SocketError',
      code: 'EBADF',
      syscall: 'select',
      message: expect.stringContaining(`fd ${fd}`),
    })
    expect(() => selectNow({ read: [near, fd] })).toThrow(bad)
    await expect(wait({ write: [near], except: [fd] })).rejects.toEqual(bad)
  })

  it('refuses an fd that no set can hold, and names it; the last one that it can is taken', async () => {
    while (opened.at(-1) !== FD_SETSIZE && opened.length < 2 * FD_SETSIZE)
      opened.push(openSync('/dev/null', 'r'))
    expect(opened.at(-1)).toBe(FD_SETSIZE)
    const last = opened.at(-2) as number
    expect(selectNow({ read: [last] })).toEqual({ ...NOTHING, read: [last] })
    for (const fd of [FD_SETSIZE, FD_SETSIZE + 1, 2 ** 31 - 1, -1]) {
      const refusal = expect.objectContaining({
        name: 'RangeError',
        message: expect.stringContaining(`Received ${fd}`),
      })
      for (const set of ['read', 'write', 'except']) {
        expect(() => selectNow({ [set]: [last, fd] })).toThrow(refusal)
        await expect(wait({ [set]: [fd] }, 1)).rejects.toEqual(refusal)
      }
    }
    const large = socket(AF_INET, SOCK_DGRAM, 0, { loop })
    expect(large.fd).toBeGreaterThan(FD_SETSIZE)
    expect(() => selectNow({ read: [large] })).toThrow(RangeError)
    expect(pollNow([{ socket: large, events: POLLIN }])[0].revents).toBe(0)
  })

  it('does not spin where an error or a hang-up is nothing that was asked for, and hears what is', async () => {
    const [near, far] = await tcpPair(loop)
    const [broken, peer] = await tcpPair(loop)
    reset(broken, peer)
    await eventually('the reset', () => pollNow([{ socket: broken, events: 0 }])[0].revents !== 0)
    const turns = loop.counter('turns')
    const begin = performance.now()
    const waiting = wait({ except: [near, broken] })
    for (let i = 0; i < 300; ++i) await iteration()
    // One look each 20 ms, and what it takes to begin.
    expect(loop.counter('turns') - turns).toBeLessThan(6 + (performance.now() - begin) / 10)
    far.trySend(Buffer.from('!'), MSG_OOB)
    expect(await waiting).toEqual({ ...NOTHING, except: [near] })
  })

  it('takes fds of any kind', async () => {
    const { reader, writer } = fifo(folder, `${backend}-fifo`)
    opened.push(reader, openSync('/dev/null', 'r'))
    expect(await wait({ read: [reader, opened[1]], write: [writer] })).toEqual({
      read: [opened[1]],
      write: [writer],
      except: [],
    })
    const ended = wait({ read: [reader] })
    await iteration()
    closeSync(writer)
    expect(await ended).toEqual({ ...NOTHING, read: [reader] })
  })

  it('waits for the end of a stream as for something to read', async () => {
    const [near, far] = await tcpPair(loop)
    const ended = wait({ read: [near] })
    await iteration()
    far.shutdown(SHUT_WR)
    expect(await ended).toEqual({ ...NOTHING, read: [near] })
  })

  it('refuses what is no set, no time and no descriptor', async () => {
    const [near] = unixPair(loop)
    const wrong: [unknown, RegExp][] = [
      [undefined, /sets/],
      [{ read: near }, /read/],
      [{ write: 5 }, /write/],
      [{ except: 'abc' }, /except/],
      [{ read: [null] }, /read/],
      [{ read: ['3'] }, /read/],
      [{ read: [1.5] }, /read/],
    ]
    for (const [sets, message] of wrong) {
      expect(() => selectNow(sets as SelectSets)).toThrow(message)
      await expect(select(sets as SelectSets)).rejects.toThrow(message)
    }
    await expect(select({ read: [near] }, -2)).rejects.toThrow(/timeoutMs/)
    await expect(select({ read: [near] }, 1, { signal: 1 as never })).rejects.toThrow(/signal/)
  })
})
