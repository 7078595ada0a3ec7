// Datagram servers: the handlers of stream servers, for datagrams; peers are python3 and node:dgram.
import { join } from 'node:path'
import {
  createDatagramServer,
  type DatagramCodec,
  type DatagramServer,
  type DatagramServerInit,
  type DatagramSocket,
  type DatagramTarget,
  malformedFrame,
} from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { python, UdpPeer } from '../../../core/test/datagrams/support/datagrams.js'
import { uncaughtDuring, warningsDuring } from '../support/failing.js'
import {
  BACKENDS,
  Child,
  endChildren,
  eventually,
  iteration,
  KNOWS_LINUX,
  patiently,
  temporaryFolder,
} from '../support/raw.js'
import { leaveNothingBehind, loopOn, portOf, promised } from '../support/serving.js'

leaveNothingBehind()
const servers = new Set<{ close(options: { deadlineMs: number }): Promise<void> }>()
const peers = new Set<UdpPeer>()
afterEach(async () => {
  endChildren()
  await Promise.all([...servers].map((server) => server.close({ deadlineMs: 0 })))
  for (const { socket } of peers) socket.close()
  servers.clear()
  peers.clear()
})

function serverOf<State = unknown, In = Buffer, Out = Uint8Array>(
  init: DatagramServerInit<State, In, Out>,
): DatagramServer<State, In, Out> {
  const server = createDatagramServer({ loop: loopOn(BACKENDS[0]), ...init })
  servers.add(server)
  return server
}

const HERE: DatagramTarget = { host: '127.0.0.1', port: 0 }

async function serve<State = unknown, In = Buffer, Out = Uint8Array>(
  init: DatagramServerInit<State, In, Out>,
  target: DatagramTarget = HERE,
) {
  const server = serverOf(init)
  await server.listen(target)
  return { server, port: 'path' in target ? 0 : portOf(server) }
}

async function udpPeer(host?: string): Promise<UdpPeer> {
  const peer = await UdpPeer.bind(host)
  peers.add(peer)
  return peer
}

/** Text, in any datagram but an empty one. */
const text: DatagramCodec<string> = {
  decode(data) {
    if (data.length === 0) return undefined
    if (data[0] === 0) throw malformedFrame('a text that begins with NUL')
    return data.toString()
  },
  encode(message, output) {
    if (typeof message !== 'string') throw new TypeError('a message must be a string')
    output.text(message)
  },
}

/** Sends each argument after the port, and prints what comes back. */
const ASK = `
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.settimeout(15)
for word in sys.argv[3:]:
    s.sendto(word.encode(), (sys.argv[1], int(sys.argv[2])))
    print(s.recv(70000).decode())
`

const ASK_UNIX = `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[2])
s.settimeout(15)
for word in sys.argv[3:]:
    s.sendto(word.encode(), sys.argv[1])
    print(s.recv(70000).decode())
`

describe.each(BACKENDS)('a datagram server on %s', (backend) => {
  it.each(['127.0.0.1', '::1'])('answers messages at %s', async (host) => {
    const loop = loopOn(backend)
    const { port, server } = await serve(
      { loop, codec: text, message: (socket, word) => socket.reply(word.toUpperCase()) },
      { host, port: 0 },
    )
    const child = python(ASK, host, port, 'one', 'two', 'ä'.repeat(10_000))
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe(`ONE\nTWO\n${'Ä'.repeat(10_000)}\n`)
    expect(server.statistics).toMatchObject({
      messagesReceived: 3,
      messagesSent: 3,
      bytesReceived: 20_006,
      bytesSent: 20_006,
    })
  })

  it('answers on a Unix socket, whose file goes with it', async () => {
    const folder = FOLDER
    const path = join(folder, `server-${backend}.sock`)
    const { server } = await serve({ loop: loopOn(backend), message: (socket) => socket.reply() }, { path })
    expect(server.address).toEqual({ family: 'Unix', path })
    const child = python(ASK_UNIX, path, join(folder, `client-${backend}.sock`), 'one', 'two')
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('one\ntwo\n')
    await server.close()
    const gone = python('print(os.path.exists(sys.argv[1]))', path)
    await gone.awaitExit()
    expect(gone.output).toBe('False\n')
  })

  it('knows who sends, and sends to anybody at any time', async () => {
    const loop = loopOn(backend)
    const subscribers: ReturnType<DatagramSocket['copySender']>[] = []
    const { port, server } = await serve({
      loop,
      codec: text,
      state: (socket) => ({ at: socket.address, seen: 0 }),
      message(socket, word) {
        socket.state.seen++
        expect(socket.server).toBe(server)
        expect(socket.state.at).toEqual(server.address)
        expect(socket.truncated).toBe(false)
        if (word === 'subscribe') subscribers.push(socket.copySender())
        else if (!socket.isFrom(subscribers[0])) socket.sendTo(word, socket.sender ?? expect.fail())
      },
    })
    const [a, b] = [await udpPeer(), await udpPeer()]
    await a.send('subscribe', port)
    await eventually('the subscription', () => subscribers.length === 1)
    await b.send('back to me', port)
    expect((await b.awaitCount(1)).map(String)).toEqual(['back to me'])
    const [socket] = server.sockets
    for (const to of subscribers) socket.sendTo('news', to)
    socket.sendTo('more', { host: '127.0.0.1', port: a.port })
    expect((await a.awaitCount(2)).map(String)).toEqual(['news', 'more'])
    expect(a.from[0].port).toBe(port)
    expect(socket.state.seen).toBe(2)
  })
})

const FOLDER = temporaryFolder()

describe('messages of a datagram server', () => {
  it('without a codec are bytes to keep', async () => {
    const kept: Buffer[] = []
    const { port } = await serve({ message: (_socket, data) => kept.push(data) })
    const peer = await udpPeer()
    for (const word of ['one', '', 'three']) await peer.send(word, port)
    await eventually('three', () => kept.length === 3)
    await peer.send('something else', port)
    await eventually('four', () => kept.length === 4)
    expect(kept.map(String)).toEqual(['one', '', 'three', 'something else'])
  })

  it('with borrow are views, which an answer may change in place', async () => {
    const { port } = await serve({
      borrow: true,
      message(socket, data) {
        data[0] ^= 0x20
        socket.reply()
      },
    })
    const peer = await udpPeer()
    await peer.send('hello', port)
    expect((await peer.awaitCount(1)).map(String)).toEqual(['Hello'])
  })

  it('are ignored where the codec gives nothing, and an error where it can not', async () => {
    const got: string[] = []
    const errors: unknown[] = []
    const { port, server } = await serve({
      codec: text,
      message: (_socket, word) => got.push(word),
      error: (socket, error) => errors.push([(error as { code: string }).code, socket.sender]),
    })
    const peer = await udpPeer()
    for (const word of ['', '\0 bad', 'good']) await peer.send(word, port)
    await eventually('the good one', () => got.length === 1)
    const sender = { family: 'IPv4', host: '127.0.0.1', port: peer.port }
    expect(errors).toEqual([['ERR_POLLUX_MALFORMED_FRAME', sender]])
    expect(server.statistics).toMatchObject({ messagesReceived: 1, codecErrors: 1, handlerErrors: 0 })
  })

  it('that are none are only counted without `error`, for anybody may send them', async () => {
    const got = promised<string>()
    const warnings = await warningsDuring(async () => {
      const { port, server } = await serve({ codec: text, message: (_socket, word) => got.resolve(word) })
      const peer = await udpPeer()
      await peer.send('\0', port)
      await peer.send('good', port)
      await patiently(got.promise, 'the good one')
      expect(server.statistics.codecErrors).toBe(1)
    })
    expect(warnings).toEqual([])
  })

  it('are not sent where the codec refuses them, and the next is', async () => {
    const errors: unknown[] = []
    const { port, server } = await serve({
      codec: text,
      message: (socket, word) => socket.reply(word === 'number' ? (1 as never) : word),
      error: (_socket, error) => errors.push((error as Error).message),
    })
    const peer = await udpPeer()
    await peer.send('number', port)
    await peer.send('word', port)
    expect((await peer.awaitCount(1)).map(String)).toEqual(['word'])
    expect(errors).toEqual(['a message must be a string'])
    expect(server.statistics).toMatchObject({ messagesSent: 1, handlerErrors: 1 })
  })

  it('may be sent from within a codec, each whole', async () => {
    const nested: DatagramCodec<string> = {
      ...text,
      encode(message, output) {
        output.text(message)
        if (message === 'outer') server.sockets[0].sendTo('inner', { host: '127.0.0.1', port: peer.port })
        output.text('!')
      },
    }
    const { server, port } = await serve({ codec: nested, message: (socket, word) => socket.reply(word) })
    const peer = await udpPeer()
    await peer.send('outer', port)
    expect((await peer.awaitCount(2)).map(String)).toEqual(['inner!', 'outer!'])
  })

  it('of more than a datagram holds are refused', async () => {
    const { server } = await serve({ codec: text, message() {} })
    const to = { host: '127.0.0.1', port: 9 }
    expect(() => server.sockets[0].sendTo('x'.repeat(65_536), to)).toThrow(RangeError)
    expect(server.statistics.messagesSent).toBe(0)
  })
})

describe('a handler of a datagram server', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('bug')
      },
    ],
    [
      'is rejected',
      async () => {
        throw new Error('bug')
      },
    ],
  ])('that %s costs its own datagram', async (_how, fail) => {
    const errors: unknown[] = []
    const { port, server } = await serve({
      codec: text,
      message: (socket, word) => (word === 'bad' ? fail() : socket.reply(word)),
      error: (_socket, error) => errors.push((error as Error).message),
    })
    const peer = await udpPeer()
    for (const word of ['one', 'bad', 'two', 'bad', 'three']) await peer.send(word, port)
    expect((await peer.awaitCount(3)).map(String)).toEqual(['one', 'two', 'three'])
    await eventually('two errors', () => errors.length === 2)
    expect(errors).toEqual(['bug', 'bug'])
    expect(server.statistics.handlerErrors).toBe(2)
  })

  it('is warned of once, where there is no `error`', async () => {
    const warnings = await warningsDuring(async () => {
      const { port, server } = await serve({
        message() {
          throw new Error('bug')
        },
      })
      const peer = await udpPeer()
      for (const word of ['one', 'two', 'three']) await peer.send(word, port)
      await eventually('three errors', () => server.statistics.handlerErrors === 3)
    })
    expect(warnings).toEqual(['POLLUX_HANDLER_ERROR'])
  })

  it.each(['error', 'close', 'listening'] as const)(
    '`%s` that throws is an uncaughtException',
    async (name) => {
      const bug = new Error('bug')
      const caught = await uncaughtDuring(async () => {
        const { port, server } = await serve({
          codec: text,
          message: (socket, word) => socket.reply(word),
          [name]: () => {
            throw bug
          },
        })
        const peer = await udpPeer()
        await peer.send('\0', port)
        await peer.send('good', port)
        await peer.awaitCount(1)
        await server.close()
      })
      expect(caught).toEqual([bug])
    },
  )

  it('can not reply after its first await, but send', async () => {
    const answer = promised<unknown>()
    const { port } = await serve({
      codec: text,
      async message(socket, word) {
        const to = socket.copySender()
        await iteration()
        try {
          socket.reply('too late')
        } catch (error) {
          answer.resolve(error)
        }
        socket.sendTo(word, to)
      },
    })
    const peer = await udpPeer()
    await peer.send('word', port)
    expect((await peer.awaitCount(1)).map(String)).toEqual(['word'])
    expect(await answer.promise).toMatchObject({ code: 'ERR_POLLUX_NO_DATAGRAM' })
  })

  it('that is slow stops the server at maxPending promises and lets it go on below', async () => {
    const unsettled: (() => void)[] = []
    let calls = 0
    const { port, server } = await serve({
      codec: text,
      maxPending: 2,
      message() {
        calls++
        return new Promise<void>((resolve) => unsettled.push(resolve))
      },
    })
    const peer = await udpPeer()
    for (let i = 0; i < 2; i++) {
      await peer.send('x', port)
      await eventually('a call', () => calls === i + 1)
    }
    await peer.send('waits in the kernel', port)
    await settled()
    expect(calls).toBe(2)
    unsettled.pop()?.()
    await eventually('the third', () => calls === 3)
    // What the user paused stays paused.
    server.sockets[0].pause()
    for (const settle of unsettled) settle()
    await peer.send('after pause', port)
    await settled()
    expect(calls).toBe(3)
    server.sockets[0].resume()
    await eventually('the fourth', () => calls === 4)
    for (const settle of unsettled) settle()
  })
})

/** A few turns, in which something that must not happen would have. */
async function settled() {
  for (let i = 0; i < 20; i++) await iteration()
}

describe('the sockets of a datagram server', () => {
  it('may be several, each with a state of its own', async () => {
    let made = 0
    const announced: unknown[] = []
    const server = serverOf({
      codec: text,
      state: () => ++made,
      message: (socket, _word) => socket.reply(`${socket.state}`),
      listening: (_server, address) => announced.push(address),
    })
    expect([server.address, server.isReady]).toEqual([undefined, false])
    const first = await server.listen(HERE)
    const second = await server.listen(HERE)
    expect(announced).toEqual([first, second])
    expect(server.addresses).toEqual([first, second])
    const peer = await udpPeer()
    for (const address of [first, second]) await peer.send('?', 'port' in address ? address.port : 0)
    expect((await peer.awaitCount(2)).map(String).sort()).toEqual(['1', '2'])
    expect(server.statistics.opened).toBe(2)
  })

  it('receive on every interface where no host is named, and share a port where they may', async () => {
    const handlers = {
      codec: text,
      message: (socket: DatagramSocket<unknown, string, string>) => socket.reply('x'),
    }
    const { server, port } = await serve(handlers, { port: 0, reusePort: true })
    const other = serverOf(handlers)
    await other.listen({ port, reusePort: true })
    expect(server.address).toMatchObject({ port })
    const child = python(ASK, '127.0.0.1', port, 'one')
    expect(await child.awaitExit(), child.errors).toBe(0)
    const third = serverOf(handlers)
    await expect(third.listen({ port })).rejects.toMatchObject({ code: 'EADDRINUSE', syscall: 'bind' })
    expect(third.addresses).toEqual([])
  })

  it.skipIf(!KNOWS_LINUX)('may have an abstract name', async () => {
    const path = `\0pollux-${process.pid}-datagrams`
    const { server } = await serve({ message: (socket) => socket.reply() }, { path })
    expect(server.address).toEqual({ family: 'Unix', path })
  })

  it('drop what the queue does not hold, count it, and say so', async () => {
    const folder = FOLDER
    const errors: { code: string; datagrams: number }[] = []
    const drained = promised()
    const { server } = await serve(
      {
        maxQueuedBytes: 4000,
        message() {},
        error: (_socket, error) => errors.push(error as never),
        drain: () => drained.resolve(),
      },
      { path: join(folder, 'full.sock') },
    )
    const path = join(folder, 'slow.sock')
    const reader = python(
      `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('port 1')
sys.stdin.readline()
s.settimeout(15)
while s.recv(2000) != b'last': pass
`,
      path,
    )
    await reader.awaitPort()
    const [socket] = server.sockets
    for (let i = 0; i < 1000; i++) socket.sendTo(Buffer.alloc(100), { path })
    await eventually('an error', () => errors.length > 0)
    expect(errors[0]).toMatchObject({ code: 'ERR_POLLUX_QUEUE_FULL' })
    expect(server.statistics.droppedMessages).toBeGreaterThan(0)
    expect(server.statistics.queuedBytes).toBeLessThanOrEqual(4000)
    socket.watchDrain()
    reader.process.stdin?.write('go\n')
    await patiently(drained.promise, 'the drain')
    socket.sendTo(Buffer.from('last'), { path })
    expect(await reader.awaitExit(), reader.errors).toBe(0)
  })

  it('refuse what is no address, and `state` that throws fails listen', async () => {
    const bug = new Error('bug')
    const closed: unknown[] = []
    const server = serverOf({
      message() {},
      state() {
        throw bug
      },
      close: (socket) => closed.push(socket),
    })
    await expect(server.listen(HERE)).rejects.toBe(bug)
    expect(server.addresses).toEqual([])
    for (const [target, code] of [
      [undefined, 'ERR_INVALID_ARG_TYPE'],
      [{ port: 65536 }, 'ERR_OUT_OF_RANGE'],
      [{ port: '1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ host: '', port: 1 }, 'ERR_INVALID_ARG_VALUE'],
      [{ path: '' }, 'ERR_INVALID_ARG_VALUE'],
      [{ port: 0, reusePort: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ] as const) {
      await expect(server.listen(target as never)).rejects.toMatchObject({ code })
    }
    expect(closed).toEqual([])
  })
})

describe('closing a datagram server', () => {
  it('sends what waits, tells once, and lets nothing be opened or sent after', async () => {
    const closed: unknown[] = []
    const { server, port } = await serve({
      codec: text,
      message(socket, word) {
        socket.reply(word)
        server.close()
        expect(server.isReady).toBe(false)
      },
      close: (socket) => closed.push(socket.bytesRead),
    })
    const [socket] = server.sockets
    const peer = await udpPeer()
    await peer.send('last', port)
    expect((await peer.awaitCount(1)).map(String)).toEqual(['last'])
    await server.close()
    expect(closed).toEqual([4])
    expect([socket.bytesRead, socket.bytesWritten]).toEqual([4, 4])
    expect(server.statistics).toMatchObject({ bytesReceived: 4, bytesSent: 4 })
    expect([...server.statistics.closed]).toEqual([['ended', 1]])
    expect(() => socket.sendTo('x', { host: '127.0.0.1', port: 9 })).toThrow('closed')
    await expect(server.listen(HERE)).rejects.toMatchObject({ code: 'ERR_POLLUX_SERVER_CLOSED' })
    expect(server.address).toBe(undefined)
  })

  it('drops what waits at the deadline, which may be brought forward', async () => {
    const folder = FOLDER
    const { server } = await serve({ message() {} }, { path: join(folder, 'closing.sock') })
    const path = join(folder, 'never.sock')
    const reader = python(
      's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("port 1"); sys.stdin.readline()',
      path,
    )
    await reader.awaitPort()
    const [socket] = server.sockets
    for (let i = 0; i < 1000; i++) socket.sendTo(Buffer.alloc(100), { path })
    await eventually('a queue', () => socket.queuedBytes > 0)
    const closing = server.close({ deadlineMs: Number.POSITIVE_INFINITY })
    await settled()
    expect(server.sockets.length).toBe(1)
    server.close({ deadlineMs: 0 })
    await closing
    expect(() => server.close({ deadlineMs: -1 })).toThrow(RangeError)
  })

  it('happens at the end of an `await using` block, and when the loop closes', async () => {
    let outer: DatagramServer
    {
      await using server = serverOf({ message() {} })
      outer = server
      await server.listen(HERE)
      expect(server.isReady).toBe(true)
    }
    expect(outer.sockets).toEqual([])

    const loop = loopOn(BACKENDS[0])
    const { server } = await serve({ loop, message() {} })
    loop.close()
    expect([...server.statistics.closed]).toEqual([['loop_closed', 1]])
    await server.close()
  })

  it('is not needed for the process to end after unref', async () => {
    const framework = new URL('../../dist/index.js', import.meta.url).href
    const child = Child.node([
      '--input-type=module',
      '-e',
      `import { createDatagramServer } from '${framework}'
      const server = createDatagramServer({ message() {} }).unref()
      console.log((await server.listen({ host: '127.0.0.1', port: 0 })).family)`,
    ])
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('IPv4\n')
  })
})

describe('a socket that fails for good', () => {
  /** As the loop tells it. */
  const breakDown = (server: DatagramServer) => server.sockets[0].channel.onError(-EBADF, RECV)
  const EBADF = 9
  const RECV = 1

  it('is told of by `failed`, closed, and no handler’s fault', async () => {
    const log: unknown[] = []
    const { server } = await serve({
      message() {},
      error: () => log.push('error'),
      failed: (self, error) => log.push(self === server, error.code),
      close: () => log.push('close'),
    })
    breakDown(server)
    await eventually('the close', () => server.sockets.length === 0)
    expect(log).toEqual([true, 'EBADF', 'close'])
    expect(server.isReady).toBe(false)
    expect([...server.statistics.closed]).toEqual([['network_error', 1]])
  })

  it('is an uncaughtException without `failed`, and where it throws', async () => {
    const bug = new Error('bug')
    const caught = await uncaughtDuring(async () => {
      for (const handlers of [
        {},
        {
          failed() {
            throw bug
          },
        },
      ]) {
        const { server } = await serve({ message() {}, ...handlers })
        breakDown(server)
        await eventually('the close', () => server.sockets.length === 0)
      }
    })
    expect(caught).toEqual([expect.objectContaining({ code: 'EBADF' }), bug])
  })
})

describe('createDatagramServer', () => {
  const TYPE = 'ERR_INVALID_ARG_TYPE'
  it.each([
    ['message', undefined, TYPE],
    ['message', 1, TYPE],
    ['error', 'x', TYPE],
    ['drain', {}, TYPE],
    ['close', true, TYPE],
    ['listening', 1, TYPE],
    ['failed', 1, TYPE],
    ['state', {}, TYPE],
    ['codec', {}, TYPE],
    ['codec', null, TYPE],
    ['borrow', 1, TYPE],
    ['maxPending', 0, 'ERR_OUT_OF_RANGE'],
    ['maxPending', '1', TYPE],
    ['name', 1, TYPE],
    ['loop', {}, TYPE],
  ])('refuses %s: %o', (name, value, code) => {
    const make = () => createDatagramServer({ message() {}, [name]: value } as never)
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(name) }))
  })

  it.each([
    ['maxDatagramBytes', 0],
    ['maxQueuedBytes', -1],
    ['receiveBufferBytes', -1],
    ['sendBufferBytes', -1],
  ])('refuses %s: %o when it listens', async (name, value) => {
    const server = serverOf({ message() {}, [name]: value })
    await expect(server.listen(HERE)).rejects.toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
      message: expect.stringContaining(name),
    })
  })
})
