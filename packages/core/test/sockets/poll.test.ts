// poll(2): what is reported, as python3 and the kernel have it, and waiting for it without blocking anything.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import {
  constants,
  EventLoop,
  MSG_OOB,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  type PollEntry,
  poll,
  pollNow,
  SHUT_WR,
  type Socket,
  SocketError,
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
  revents,
  STATES,
  tcpPair,
  unixPair,
  type Verdict,
} from '../support/readiness.js'

checkFds()
const shutBoth = (near: Socket, far: Socket) => {
  far.shutdown(SHUT_WR)
  near.shutdown(SHUT_WR)
}
const folder = temporaryFolder()
const POLLRDHUP: number | undefined = constants.POLLRDHUP
const EVERYTHING = POLLIN | POLLOUT | POLLPRI | (POLLRDHUP ?? 0)
const verdicts: Record<string, Verdict> = pythonVerdicts()

describe.each(BACKENDS)('poll on %s', (backend) => {
  let loop: EventLoop
  const opened: number[] = []
  beforeEach(() => {
    loop = new EventLoop({ backend })
  })
  afterEach(() => {
    loop.close()
    for (const fd of opened.splice(0)) closeSync(fd)
  })

  const pipe = (name: string) => {
    const ends = fifo(folder, `${backend}-${name}`)
    opened.push(ends.reader, ends.writer)
    return ends
  }
  const close = (fd: number) => {
    opened.splice(opened.indexOf(fd), 1)
    closeSync(fd)
  }
  const open = (path: string, flags = 'r') => {
    const fd = openSync(path, flags)
    opened.push(fd)
    return fd
  }
  const wait = (entries: PollEntry[], timeoutMs?: number, options = {}) =>
    patiently(poll(entries, timeoutMs, { loop, ...options }), 'poll')
  const waitOne = async (socket: Socket | number, events: number, timeoutMs?: number) =>
    (await wait([{ socket, events }], timeoutMs))[0].revents

  it.each(Object.keys(STATES))('reports a socket that is %s as python3 does', async (state) => {
    const socket = await STATES[state](loop)
    const { all, none } = verdicts[state]
    await eventually(state, () => revents(socket, EVERYTHING) === all)
    expect(revents(socket, 0)).toBe(none)
    expect(await waitOne(socket, EVERYTHING, all === 0 ? 1 : -1)).toBe(all)
    expect(await waitOne(socket, 0, none === 0 ? 1 : -1)).toBe(none)
  })

  it('waits for data, and reports it for as long as it is there', async () => {
    const [near, far] = unixPair(loop)
    const ready = waitOne(near, POLLIN)
    await iteration()
    far.trySend(Buffer.from('x'))
    expect(await ready).toBe(POLLIN)
    expect(await waitOne(near, POLLIN)).toBe(POLLIN)
    near.tryRecv(Buffer.alloc(1))
    expect(await waitOne(near, POLLIN, 1)).toBe(0)
  })

  const provoked: [string, number, number, (near: Socket, far: Socket) => void][] = [
    ['urgent data', POLLPRI, POLLPRI, (_, far) => far.trySend(Buffer.from('!'), MSG_OOB)],
    ['the peer’s half-close', POLLIN, POLLIN, (_, far) => far.shutdown(SHUT_WR)],
    ['a reset', 0, POLLERR | POLLHUP, reset],
    ['both halves to be closed', 0, POLLHUP, shutBoth],
  ]
  if (POLLRDHUP !== undefined) {
    const halfClose = (_: Socket, far: Socket) => far.shutdown(SHUT_WR)
    provoked.push(['the peer’s half-close alone', POLLRDHUP, POLLRDHUP, halfClose])
  }
  it.each(provoked)('waits for %s, and for nothing else', async (_, events, expected, provoke) => {
    const [near, far] = await tcpPair(loop)
    let settled = false
    const ready = waitOne(near, events).finally(() => {
      settled = true
    })
    if (!(events & POLLIN)) far.trySend(Buffer.from('data that nobody asks for'))
    for (let i = 0; i < 20; ++i) await iteration()
    expect(settled).toBe(false)
    provoke(near, far)
    expect(await ready).toBe(expected)
  })

  it('waits for room to send', async () => {
    const [near, far] = unixPair(loop)
    fill(near)
    const ready = waitOne(near, POLLOUT)
    await iteration()
    while (typeof far.tryRecv(Buffer.alloc(1 << 16)) === 'number') {}
    expect(await ready).toBe(POLLOUT)
  })

  it('takes fds of any kind: pipes, files, devices', async () => {
    const { reader, writer } = pipe('kinds')
    const file = open(join(folder, `${backend}-file`), 'w+')
    const entries = [reader, writer, file, open('/dev/null')].map((socket) => ({
      socket,
      events: POLLIN | POLLOUT,
    }))
    const found = (await wait(entries)).map((entry) => entry.revents)
    expect(found).toEqual([0, POLLOUT, POLLIN | POLLOUT, POLLIN | POLLOUT])
    const ready = waitOne(reader, POLLIN)
    await iteration()
    writeSync(writer, 'x')
    expect(await ready).toBe(POLLIN)
    readSync(reader, Buffer.alloc(1))
    const hungUp = waitOne(reader, POLLIN)
    await iteration()
    close(writer)
    expect(await hungUp).toBe(POLLHUP)
  })

  it('reports the writing end of a pipe that nobody reads with POLLERR', async () => {
    const { reader, writer } = pipe('broken')
    const broken = waitOne(writer, 0)
    await iteration()
    close(reader)
    expect(await broken).toBe(POLLERR)
    expect(revents(writer, POLLOUT)).toBe(POLLOUT | POLLERR)
  })

  it('answers in the order of the entries, for each by itself, the same fd twice too', async () => {
    const [near, far] = unixPair(loop)
    far.trySend(Buffer.from('x'))
    const entries = [
      { socket: near, events: POLLOUT },
      { socket: -1, events: POLLIN },
      { socket: near, events: POLLIN },
      { socket: near.fd, events: POLLIN | POLLOUT },
      { socket: far, events: POLLIN },
    ]
    const found = await wait(entries)
    expect(found.map((entry) => entry.revents)).toEqual([POLLOUT, 0, POLLIN, POLLIN | POLLOUT, 0])
    expect(found.map(({ socket, events }) => ({ socket, events }))).toEqual(entries)
    expect(pollNow(entries)).toEqual(found)
  })

  it('leaves negative fds out, and waits for none of them', async () => {
    expect(await wait([{ socket: -7, events: POLLIN }], 1)).toEqual([
      { socket: -7, events: POLLIN, revents: 0 },
    ])
    expect(await wait([], 1)).toEqual([])
    expect(pollNow([])).toEqual([])
  })

  it('reports what is not open with POLLNVAL, at once', async () => {
    const fd = openSync('/dev/null', 'r')
    closeSync(fd)
    expect(await waitOne(fd, POLLIN)).toBe(POLLNVAL)
    const [near, far] = unixPair(loop)
    near.close()
    expect(
      await wait([
        { socket: far, events: 0 },
        { socket: near, events: POLLIN },
      ]),
    ).toMatchObject([{ revents: POLLHUP }, { revents: POLLNVAL }])
    expect(pollNow([{ socket: near, events: 0 }])[0].revents).toBe(POLLNVAL)
  })

  it.each([
    ['a Socket', (socket: Socket) => socket],
    ['its fd', (socket: Socket) => socket.fd],
  ])('lets go of %s that is closed while it is polled', async (kind, descriptor) => {
    const [near, far] = unixPair(loop)
    const [other] = unixPair(loop)
    const ready = wait([
      { socket: descriptor(near), events: POLLIN },
      { socket: other, events: POLLIN },
    ])
    for (let i = 0; i < 20; ++i) await iteration()
    near.close()
    // The kernel keeps an open file for as long as a thread polls it.
    expect(revents(far, 0)).toBe(POLLHUP)
    if (kind === 'a Socket') expect((await ready).map((entry) => entry.revents)).toEqual([POLLNVAL, 0])
    else expect((await ready)[0].revents).toBe(POLLNVAL)
  })

  it('settles for a socket that is detached, whose fd stays open', async () => {
    const [near, far] = unixPair(loop)
    const ready = waitOne(near, POLLIN)
    await iteration()
    opened.push(near.detach())
    expect(await ready).toBe(POLLNVAL)
    expect(revents(far, 0)).toBe(0)
  })

  it.each(['its time is over', 'it is aborted'])('holds no descriptor once %s', async (end) => {
    const { reader, writer } = pipe(end.replaceAll(' ', '-'))
    const controller = new AbortController()
    const entries = [{ socket: reader, events: POLLIN }]
    const waiting = wait(entries, end === 'it is aborted' ? -1 : 2, { signal: controller.signal })
    // Until the thread waits, too.
    await iteration()
    await iteration()
    if (end === 'it is aborted') controller.abort('enough')
    expect(await waiting.catch((reason) => reason)).toEqual(
      end === 'it is aborted' ? 'enough' : [{ ...entries[0], revents: 0 }],
    )
    close(reader)
    // Nobody reads any more, because no thread polls the file that was closed.
    expect(revents(writer, 0)).toBe(POLLERR)
  })

  it('waits as long as it is told', async () => {
    const [near] = unixPair(loop)
    const begin = performance.now()
    expect(await waitOne(near, POLLIN, 50)).toBe(0)
    // Node's timers count whole milliseconds of a clock that was read earlier.
    expect(performance.now() - begin).toBeGreaterThan(45)
    expect(await waitOne(near, POLLIN, 0)).toBe(0)
    expect(await waitOne(near, POLLOUT, 2 ** 31 - 1)).toBe(POLLOUT)
  })

  it('is aborted with the reason of its signal, before it begins or meanwhile', async () => {
    const [near] = unixPair(loop)
    const entries = [{ socket: near, events: POLLOUT }]
    await expect(wait(entries, -1, { signal: AbortSignal.abort('first') })).rejects.toBe('first')
    const controller = new AbortController()
    const waiting = wait([{ socket: near, events: POLLIN }], -1, { signal: controller.signal })
    await iteration()
    controller.abort('second')
    await expect(waiting).rejects.toBe('second')
  })

  it('is refused with ERR_POLLUX_CLOSED when its loop is closed', async () => {
    const { reader } = pipe('closing')
    const [near] = unixPair(loop)
    const waiting = [
      wait([{ socket: reader, events: POLLIN }]),
      wait([{ socket: near, events: POLLIN }]),
    ].map((each) => each.catch((error) => error))
    await iteration()
    loop.close()
    for (const each of [...waiting, wait([]).catch((error) => error)]) {
      expect(await each).toMatchObject({ name: 'SocketError', code: 'ERR_POLLUX_CLOSED', syscall: 'poll' })
    }
    expect(loop.reactor.pollLater(new Int32Array(0))).toBeLessThan(0)
  })

  it('leaves the event loop to others: while it waits, and where it is always ready', async () => {
    const [near] = unixPair(loop)
    const controller = new AbortController()
    const waiting = wait([{ socket: near, events: POLLIN }], -1, { signal: controller.signal })
    const turns = loop.counter('turns')
    for (let i = 0; i < 200; ++i) await iteration()
    expect(loop.counter('turns') - turns).toBeLessThanOrEqual(4)
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    let timeIsUp = false
    setTimeout(() => {
      timeIsUp = true
    }, 1)
    while (!timeIsUp) expect(await waitOne(near, POLLOUT)).toBe(POLLOUT)
  })

  it('serves many calls at a time, each with what it asked for', async () => {
    const pairs = Array.from({ length: 20 }, () => unixPair(loop))
    const settled: number[] = []
    const calls = pairs.flatMap(([near], i) => [
      waitOne(near, POLLIN).then(() => settled.push(i)),
      wait([
        { socket: near, events: POLLIN },
        { socket: pairs[0][0], events: POLLPRI },
      ]),
    ])
    for (const i of [7, 3, 19, 0]) {
      pairs[i][1].trySend(Buffer.from('x'))
      await eventually(`call ${i}`, () => settled.includes(i))
    }
    expect(settled).toEqual([7, 3, 19, 0])
    for (const [, far] of pairs) far.close()
    expect((await Promise.all(calls)).length).toBe(40)
  })

  it('takes a thousand sockets, and finds the one that is ready', async () => {
    const pairs = Array.from({ length: 500 }, () => unixPair(loop))
    // select(2) holds no fd that large, but this is no business of its own.
    const entries = pairs.flat().map((socket) => ({ socket, events: POLLIN }))
    for (const i of [0, 321, 499]) {
      const ready = wait(entries)
      await iteration()
      pairs[i][1].trySend(Buffer.from('x'))
      const found = await ready
      expect(found.filter((entry) => entry.revents !== 0)).toEqual([
        { socket: pairs[i][0], events: POLLIN, revents: POLLIN },
      ])
      pairs[i][0].tryRecv(Buffer.alloc(1))
    }
  })

  it('refuses what is no entry, no time, no signal and no loop', async () => {
    const [near] = unixPair(loop)
    const wrong: [unknown[], RegExp][] = [
      [[undefined], /entries/],
      [[{ length: 1 }], /entries/],
      [[[null]], /entries\[0\]/],
      [[[{ socket: near }]], /entries\[0\]\.events/],
      [[[{ socket: near, events: 1.5 }]], /entries\[0\]\.events/],
      [[[{ socket: near, events: 0x8000 }]], /entries\[0\]\.events/],
      [[[{ socket: near, events: -1 }]], /entries\[0\]\.events/],
      [[[{ socket: {}, events: 1 }]], /entries\[0\]\.socket/],
      [[[{ socket: '3', events: 1 }]], /entries\[0\]\.socket/],
      [[[{ socket: 2 ** 31, events: 1 }]], /entries\[0\]\.socket/],
    ]
    for (const [args, message] of wrong) {
      expect(() => pollNow(...(args as [PollEntry[]])), String(message)).toThrow(message)
      await expect(poll(...(args as [PollEntry[]]))).rejects.toThrow(message)
    }
    const entries = [{ socket: near, events: POLLIN }]
    for (const timeoutMs of [-2, 0.5, 2 ** 31, Number.NaN, '1', null]) {
      await expect(poll(entries, timeoutMs as number)).rejects.toThrow(/timeoutMs/)
    }
    await expect(poll(entries, 1, { signal: {} as AbortSignal })).rejects.toThrow(/signal/)
    await expect(poll(entries, 1, { loop: {} as EventLoop })).rejects.toThrow(/loop/)
    await expect(poll(entries, 1, null as never)).rejects.toThrow(/options/)
  })

  it('passes on that the kernel takes no more entries than a process may have open', async () => {
    const entries = Array.from({ length: 2_000_000 }, () => ({ socket: -1, events: 0 }))
    expect(() => pollNow(entries)).toThrow(expect.objectContaining({ code: 'EINVAL', syscall: 'poll' }))
    await expect(poll(entries, 1, { loop })).rejects.toThrow(SocketError)
  })
})
