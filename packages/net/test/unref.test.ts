// A socket that does not keep the process alive is closed to the end all the same, and sends what was written, as one
// of Node's does.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../native-poll/test/support/child.js'
import { listeningPeer } from '../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()
afterEach(endChildren)

/** Starts a program with `net` and the `port` of its peer. */
function start(over: string, port: number, program: string): Child {
  const source = `const net = await import('${over}'); const port = ${port}\n${program}`
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  return Child.run(process.execPath, ['--input-type=module', '-e', source], { cwd })
}

/** How a program ends, and what it said. */
async function end(child: Child) {
  return [await child.awaitExit(), child.output, child.errors]
}

it.each(['node:net', '@pollux/net'])(
  '%s tells of the close of a socket that is unreferenced',
  async (over) => {
    const { port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const program = `const socket = net.connect(port, '127.0.0.1', () => {
      socket.unref()
      setImmediate(() => socket.destroy(new Error('enough')))
    })
    socket.on('error', (error) => console.log(error.message))
    socket.on('close', () => console.log('close'))`
    expect(await end(start(over, port, program))).toEqual([0, 'enough\nclose\n', ''])
  },
)

it.each(['node:net', '@pollux/net'])(
  '%s tells that a socket has ended that is unreferenced',
  async (over) => {
    const { port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const program = `const socket = net.connect(port, '127.0.0.1', () => {
      socket.unref()
      // In a turn of its own: nothing else is under way by then.
      setImmediate(() => socket.end(() => console.log('ended')))
    })`
    expect(await end(start(over, port, program))).toEqual([0, 'ended\n', ''])
  },
)

/** How programs end that wrote something and have nothing else to do, and what was written. */
const LAST_WORDS: Record<string, [text: string, program: string]> = {
  'it connects': ['hello', "const socket = net.connect(port, '127.0.0.1').unref(); socket.end('hello')"],
  'the kernel has no room for what it wrote': [
    'x'.repeat(5_000_000),
    "const socket = net.connect(port, '127.0.0.1', () => socket.unref().write('x'.repeat(5_000_000)))",
  ],
  'what it wrote before waits': [
    'x'.repeat(5_000_000),
    `const socket = net.connect(port, '127.0.0.1', () => {
      for (let i = 0; i < 100; i++) socket.write('x'.repeat(50_000))
      socket.unref()
    })`,
  ],
  'it ends': [
    'x'.repeat(5_000_000),
    "const socket = net.connect(port, '127.0.0.1', () => socket.unref().end('x'.repeat(5_000_000)))",
  ],
  'the process exits': [
    'at exit',
    `const socket = net.connect(port, '127.0.0.1', () => {
      process.on('exit', () => socket.write('at exit'))
      setImmediate(() => process.exit())
    })`,
  ],
}

describe.each(['node:net', '@pollux/net'])('%s sends all that a socket wrote', (over) => {
  it.each(Object.entries(LAST_WORDS))('while %s, although it is unreferenced', async (_, [text, program]) => {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const child = start(over, port, program)
    const [socket] = (await once(server, 'connection')) as [Socket]
    // The peer takes its time: the kernel's buffers fill up meanwhile.
    socket.pause()
    await setImmediate()
    let came = ''
    socket.setEncoding('latin1').on('data', (part) => {
      came += part
    })
    socket.resume()
    // Who leaves without a word may be heard of as a reset.
    socket.on('error', () => {})
    await new Promise((resolve) => socket.once('close', resolve))
    server.close()
    expect([await child.awaitExit(), child.errors]).toEqual([0, ''])
    expect(came.length).toBe(text.length)
    expect(came === text).toBe(true)
  })
})

/** Programs that leave although a connection stands: nobody reads from it. `peer` is how it came to be so. */
const UNREAD: Record<string, [peer: (socket: Socket) => unknown, program: string]> = {
  'is paused': [(socket) => socket.write('hello'), "net.connect(port, '127.0.0.1').pause()"],
  'is paused while it connects, and told so': [
    (socket) => socket.write('hello'),
    "const socket = net.connect(port, '127.0.0.1', () => socket.pause())",
  ],
  'has a listener that threw as it connected': [
    (socket) => socket.write('hello'),
    `process.on('uncaughtException', () => {})
    net.connect(port, '127.0.0.1', () => {
      throw new Error('enough')
    }).on('data', () => console.log('it is read'))`,
  ],
  'has a full buffer': [(socket) => socket.write('x'.repeat(1_000_000)), "net.connect(port, '127.0.0.1')"],
  'has ended, unread': [(socket) => socket.end('hello'), "net.connect(port, '127.0.0.1')"],
  'has ended, and is half-open': [
    (socket) => socket.end('hello'),
    "net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }).resume()",
  ],
  'has sent its last words, and reads nothing': [
    (socket) => socket.resume(),
    "const socket = net.connect(port, '127.0.0.1', () => socket.pause().end('hello'))",
  ],
  'came paused': [
    () => {},
    `const server = net.createServer({ pauseOnConnect: true }, () => server.close())
    server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1').unref())`,
  ],
}

describe.each(['node:net', '@pollux/net'])('%s leaves', (over) => {
  /** How a program ends whose peers do `peer`. */
  async function run(program: string, peer: (socket: Socket) => unknown) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      peer(socket)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const ended = await end(start(over, port, program))
    server.close()
    return ended
  }

  it.each(Object.entries(UNREAD))('when its only connection %s', async (_, [peer, program]) => {
    expect(await run(program, peer)).toEqual([0, '', ''])
  })

  it('at the end of what was paused and is read again', async () => {
    const program = `const socket = net.connect(port, '127.0.0.1', () => {
      socket.pause()
      setTimeout(() => socket.resume(), 20)
      socket.on('data', (bytes) => console.log(String(bytes)))
      socket.on('close', () => console.log('close'))
    })`
    expect(await run(program, (socket) => socket.end('hello'))).toEqual([0, 'hello\nclose\n', ''])
  })
})
