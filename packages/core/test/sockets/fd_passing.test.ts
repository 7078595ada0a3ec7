// SCM_RIGHTS: descriptors that are passed, and none that is lost.
import { closeSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import {
  AF_UNIX,
  CMSG_SPACE,
  DatagramBatch,
  EventLoop,
  MSG_CTRUNC,
  MSG_PEEK,
  OwnedFd,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socket,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { checkFds, openFds } from '../../../native-poll/test/support/leaks.js'
import { eventually, patiently } from '../../../native-poll/test/support/patience.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import {
  done,
  fdsOf,
  INT,
  nextMessage,
  python,
  receiveFds,
  said,
  sendFds,
  unixPair,
} from '../support/messages.js'
import { failure, freshLoop, openFlags } from '../support/sockets.js'

checkFds()
afterEach(endChildren)

const folder = temporaryFolder()
const isLinux = process.platform === 'linux'
const MOST_FDS = 253
const O_CLOEXEC = 0o2000000
const CORE = new URL('../../dist/index.js', import.meta.url).href

/** Whether both are the same open file, or at least the same file. */
function expectSameFile(one: number, other: number) {
  const { dev, ino } = fstatSync(one)
  expect(fstatSync(other)).toMatchObject({ dev, ino })
}

/** A new file with a few bytes in it. */
function temporaryFile(name: string): number {
  return openSync(join(folder, name), 'w+')
}

describe.each(BACKENDS)('descriptors on %s', (backend) => {
  const at = freshLoop(backend)

  it.each([
    ['a stream', SOCK_STREAM],
    ['datagrams', SOCK_DGRAM],
    ['sequenced packets', SOCK_SEQPACKET],
  ])('go through %s, and are the same open file, close-on-exec', (_name, type) => {
    const [near, far] = unixPair(at, type)
    const file = temporaryFile('passed')
    expect(sendFds(near, [file, near])).toBe(1)
    closeSync(file)
    const { fds, controlTruncated } = receiveFds(far, 2)
    expect(controlTruncated).toBe(false)
    expect(fds.length).toBe(2)
    expectSameFile(fds[1].fd, near.fd)
    if (isLinux) for (const { fd } of fds) expect(openFlags(fd) & O_CLOEXEC).toBe(O_CLOEXEC)
    writeSync(fds[0].fd, 'written through it')
    expect(readFileSync(join(folder, 'passed'), 'utf8')).toBe('written through it')
    for (const fd of fds) fd.close()
  })

  it('become sockets of this loop, which work', async () => {
    const [near, far] = unixPair(at)
    const [one, other] = unixPair(at)
    sendFds(near, [other])
    other.close()
    const [fd] = receiveFds(far, 1).fds
    const passed = fd.toSocket()
    expect(fd.closed).toBe(true)
    expect(passed).toMatchObject({ family: AF_UNIX, type: SOCK_STREAM, loop: at.loop })
    const coming = passed.recv(Buffer.alloc(5))
    one.trySend(Buffer.from('hello'))
    expect(await patiently(coming, 'bytes on the passed socket')).toBe(5)
    passed.close()
  })
})

describe('descriptors', () => {
  const at = freshLoop()

  it('reach python3', async () => {
    const path = join(folder, 'to-python')
    const peer = python(
      `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
say('ready', 1)
data, fds, flags, address = socket.recv_fds(s, 100, 10)
say('data', data.decode())
for fd in fds: os.write(fd, b'python was here')
say('count', len(fds))
`,
      path,
    )
    await said(peer, 'ready')
    const near = socket(AF_UNIX, SOCK_DGRAM, 0, at)
    const file = temporaryFile('python')
    const control = [{ type: 'SCM_RIGHTS', fds: [file, file] } as const]
    done(near.trySendmsg({ data: Buffer.from('two of them'), address: { path }, control }))
    expect(await said(peer, 'data')).toBe('two of them')
    expect(await said(peer, 'count')).toBe(2)
    expect(readFileSync(join(folder, 'python'), 'utf8')).toBe('python was here'.repeat(2))
    closeSync(file)
  })

  it('come from python3', async () => {
    const path = join(folder, 'from-python')
    const near = socket(AF_UNIX, SOCK_DGRAM, 0, at)
    near.bind({ path })
    const peer = python(
      `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(sys.argv[1])
r, w = os.pipe()
socket.send_fds(s, [b'a pipe'], [r, w])
os.close(w)
say('read', os.read(r, 100).decode())
`,
      path,
    )
    const message = await nextMessage(near)
    const [read, write] = fdsOf(message)
    expect(message.text).toBe('a pipe')
    writeSync(write.fd, 'through the pipe')
    expect(await said(peer, 'read')).toBe('through the pipe')
    read.close()
    write.close()
  })

  it('are at most 253 in a message, and one more says so', () => {
    const [near, far] = unixPair(at)
    expect(() => sendFds(near, Array(MOST_FDS + 1).fill(near))).toThrow(
      failure('EINVAL', 'sendmsg', { message: expect.stringContaining('254 descriptors') }),
    )
    sendFds(near, Array(MOST_FDS).fill(near))
    const { fds, controlTruncated } = receiveFds(far, MOST_FDS)
    expect(controlTruncated).toBe(false)
    expect(new Set(fds.map(({ fd }) => fd)).size).toBe(MOST_FDS)
    for (const fd of fds) fd.close()
  })

  it('that have no room are closed, those that arrived are delivered, and it is said', () => {
    const [near, far] = unixPair(at)
    for (let controlBytes = 0; controlBytes <= CMSG_SPACE(4 * INT); controlBytes++) {
      sendFds(near, [near, near, near, near])
      const before = openFds().length
      const message = done(far.tryRecvmsg({ buffers: Buffer.alloc(9), controlBytes }))
      const room = Math.max(0, Math.floor((controlBytes - CMSG_SPACE(0)) / INT))
      const fds = fdsOf(message)
      expect(fds.length, `${controlBytes} bytes`).toBe(Math.min(room, 4))
      expect(message.controlTruncated).toBe(room < 4)
      expect(openFds().length).toBe(before + fds.length)
      for (const fd of fds) fd.close()
    }
  })

  it('of a closed socket, and numbers that are no descriptor, are not sent', () => {
    const [near] = unixPair(at)
    const [gone] = unixPair(at)
    gone.close()
    expect(() => sendFds(near, [gone])).toThrow(failure('ERR_POLLUX_CLOSED'))
    expect(() => sendFds(near, [99_999])).toThrow(
      failure('EBADF', 'sendmsg', { message: expect.stringContaining('not open') }),
    )
  })

  it('are looked up when they are sent, not when that was asked for', async () => {
    const [near, far] = unixPair(at)
    const [passed] = unixPair(at)
    const chunk = Buffer.alloc(1 << 16)
    while (typeof near.trySend(chunk) === 'number');
    const data = Buffer.from('x')
    const failed = expect(
      near.sendmsg({ data, control: [{ type: 'SCM_RIGHTS', fds: [passed] }] }),
    ).rejects.toEqual(failure('ERR_POLLUX_CLOSED'))
    passed.close()
    while (typeof far.tryRecv(chunk) === 'number');
    await failed
  })

  it('that are peeked at are new ones each time', () => {
    const [near, far] = unixPair(at)
    sendFds(near, [near])
    const request = { buffers: Buffer.alloc(1), controlBytes: CMSG_SPACE(INT) }
    const fds = [MSG_PEEK, MSG_PEEK, 0].flatMap((flags) => fdsOf(done(far.tryRecvmsg(request, flags))))
    expect(new Set(fds.map(({ fd }) => fd)).size).toBe(3)
    for (const fd of fds) fd.close()
  })

  it('of messages that nobody receives are closed with the socket', () => {
    const [near, far] = unixPair(at)
    const [one, other] = unixPair(at)
    sendFds(near, [one])
    one.close()
    near.close()
    far.close()
    // The last descriptor of `one` is gone: its peer sees the end.
    expect(other.tryRecv(Buffer.alloc(1))).toBe(0)
  })

  it('make the table of the loop grow, and are not received before it has', () => {
    const loop = new EventLoop({ initialSlots: 4 })
    const [near, far] = unixPair({ loop })
    sendFds(near, Array(MOST_FDS).fill(near))
    const { fds } = receiveFds(far, MOST_FDS)
    expect(fds.length).toBe(MOST_FDS)
    expect(loop.counter('openSockets')).toBe(MOST_FDS + 2)
    loop.close()
    for (const fd of fds) expect(fd.closed).toBe(true)
  })

  it('are closed with their loop', () => {
    const loop = new EventLoop()
    const before = openFds().length
    const [near, far] = unixPair({ loop })
    sendFds(near, [near, near])
    const { fds } = receiveFds(far, 2)
    expect(openFds().length).toBe(before + 4)
    loop.close()
    expect(() => fds[0].fd).toThrow(failure('ERR_POLLUX_CLOSED'))
    fds[0].close()
    expect(openFds().length).toBeLessThan(before)
  })

  it('that come with a batch of datagrams are closed, and the datagram says so', () => {
    const [near, far] = unixPair(at, SOCK_DGRAM)
    const before = openFds().length
    sendFds(near, [near, near], 'with')
    done(near.trySend(Buffer.from('without')))
    const batch = new DatagramBatch({ capacity: 4, maxBytes: 100 })
    expect(far.tryRecvmmsg(batch)).toBe(2)
    expect([0, 1].map((i) => batch.data(i).toString())).toEqual(['with', 'without'])
    expect([0, 1].map((i) => batch.flags(i) & MSG_CTRUNC)).toEqual([MSG_CTRUNC, 0])
    expect(openFds().length).toBe(before)
  })
})

describe('an OwnedFd', () => {
  const at = freshLoop()

  function passed(what: number | { fd: number } = -1): OwnedFd {
    const [near, far] = unixPair(at)
    sendFds(near, [what === -1 ? near : what])
    const [fd] = receiveFds(far, 1).fds
    near.close()
    far.close()
    return fd
  }

  it('is closed once, and says so', () => {
    const owned = passed()
    const { fd } = owned
    expect(fstatSync(fd).isSocket()).toBe(true)
    owned.close()
    expect(() => fstatSync(fd)).toThrow(/EBADF/)
    expect(owned.closed).toBe(true)
    owned.close()
    for (const use of [() => owned.fd, () => owned.detach(), () => owned.toSocket()]) {
      expect(use).toThrow(failure('ERR_POLLUX_CLOSED'))
    }
  })

  it('is closed by `using`', () => {
    let fd = -1
    {
      using owned = passed()
      fd = owned.fd
    }
    expect(() => fstatSync(fd)).toThrow(/EBADF/)
  })

  it('that is detached stays open', () => {
    const owned = passed()
    const { fd } = owned
    expect(owned.detach()).toBe(fd)
    owned.close()
    expect(fstatSync(fd).isSocket()).toBe(true)
    closeSync(fd)
  })

  it('of a file is no socket, and stays what it was', () => {
    const file = temporaryFile('no-socket')
    using owned = passed(file)
    closeSync(file)
    expect(() => owned.toSocket()).toThrow(failure('ENOTSOCK'))
    expect(fstatSync(owned.fd).isFile()).toBe(true)
  })

  it('can be passed on', () => {
    const file = temporaryFile('passed-on')
    using first = passed(file)
    using second = passed(first)
    expectSameFile(second.fd, file)
    closeSync(file)
  })

  it('that is forgotten is closed by the collector, with a warning', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const before = openFds().length
    const fd = forget()
    const collect = globalThis.gc as () => void
    await eventually('the collector', () => {
      collect()
      return openFds().length === before
    })
    const warning = await patiently(warned, 'the warning')
    expect(warning).toMatchObject({ name: 'PolluxWarning', code: 'POLLUX_FD_COLLECTED' })
    expect(warning.message).toContain(`(${fd})`)
  })

  // In a frame of its own: what is in a register of the test is not forgotten.
  function forget(): number {
    return passed().fd
  }

  it('that is closed in time is no reason to warn', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    const gone = new WeakRef(closedOne())
    await eventually('the collector', () => {
      ;(globalThis.gc as () => void)()
      return gone.deref() === undefined
    })
    await new Promise(setImmediate)
    process.off('warning', note)
    expect(warnings).toEqual([])
  })

  function closedOne(): OwnedFd {
    const owned = passed()
    owned.close()
    return owned
  }

  it('does not keep the process alive', async () => {
    const child = Child.node([
      '--input-type=module',
      '-e',
      `${RECEIVE} near.close(); far.close(); console.log('received')`,
    ])
    await child.awaitOutput(/received/)
    expect(await child.awaitExit()).toBe(0)
  })

  it('is closed with its worker', async () => {
    const before = openFds().length
    const script = `${RECEIVE} (await import('node:worker_threads')).parentPort.postMessage(fds.length); setInterval(() => {}, 1000)`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`))
    expect(await patiently(new Promise((resolve) => worker.once('message', resolve)), 'the worker')).toBe(3)
    expect(openFds().length).toBeGreaterThanOrEqual(before + 5)
    await worker.terminate()
    await eventually('its descriptors to be closed', () => openFds().length <= before)
  })

  it('can not be made by hand', () => {
    expect(() => new (OwnedFd as unknown as new () => OwnedFd)().fd).toThrow()
  })
})

const RECEIVE = `
import { AF_UNIX, CMSG_SPACE, SOCK_STREAM, socketpair } from ${JSON.stringify(CORE)}
const [near, far] = socketpair(AF_UNIX, SOCK_STREAM)
near.trySendmsg({ data: Buffer.from('x'), control: [{ type: 'SCM_RIGHTS', fds: [near, far, near] }] })
const { fds } = far.tryRecvmsg({ buffers: Buffer.alloc(1), controlBytes: CMSG_SPACE(12) }).control[0];
`
