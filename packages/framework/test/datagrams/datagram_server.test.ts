// Datagram servers: the handlers of stream servers, for datagrams; peers are python3 and node:dgram.
import { join } from 'node:path'
import { createDatagramServer, type DatagramSocket } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { python } from '../../../core/test/datagrams/support/datagrams.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { BACKENDS, eventually, KNOWS_LINUX, patiently, temporaryFolder } from '../support/raw.js'
import { loopOn, promised } from '../support/serving.js'
import { HERE, leaveNothingBehind, serve, serverOf, text, udpPeer } from './support/serving.js'

leaveNothingBehind()

const folder = temporaryFolder()

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

  it('may have an abstract name', needs(KNOWS_LINUX, 'abstract names'), async () => {
    const path = `\0pollux-${process.pid}-datagrams`
    const { server } = await serve({ message: (socket) => socket.reply() }, { path })
    expect(server.address).toEqual({ family: 'Unix', path })
  })

  it('drop what the queue does not hold, count it, and say so', async () => {
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
