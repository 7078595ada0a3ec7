// What docs/net.md says of the differences that are there to stay, and of the ways around them.
import { execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as node from 'node:net'
import { fileURLToPath } from 'node:url'
import { connect, createServer, Server, Socket } from '@pollux/net'
import { afterEach, describe, expect, it } from 'vitest'
import { programOf } from '../../framework/test/support/readme.js'
import { endChildren } from '../../native-poll/test/support/child.js'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()
const closing: (() => void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) close()
  await endChildren()
})

/** Both ends of a connection. */
async function pair() {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as node.AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  closing.push(() => {
    client.destroy()
    accepted.destroy()
    server.close()
  })
  return { server, client, accepted }
}

async function textOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

it('ours are no instances of the classes of Node, whose own are taken for ones of ours', () => {
  expect(
    [new Socket(), createServer()].map((one) => [one instanceof node.Socket, one instanceof node.Server]),
  ).toEqual([
    [false, false],
    [false, false],
  ])
  const [socket, server] = [new node.Socket(), node.createServer()]
  expect([socket instanceof Socket, server instanceof Server]).toEqual([true, true])
  expect([socket instanceof Server, server instanceof Socket, {} instanceof Socket]).toEqual([
    false,
    false,
    false,
  ])
  class Mine extends Socket {}
  expect([socket instanceof Mine, new Mine() instanceof Mine, new Mine() instanceof Socket]).toEqual([
    false,
    true,
    true,
  ])
})

it('most methods and properties are inherited, and can be replaced all the same', () => {
  expect(Object.hasOwn(Socket.prototype, 'end')).toBe(false)
  expect(Object.hasOwn(node.Socket.prototype, 'end')).toBe(true)
  for (const { prototype } of [node.Socket, node.Server]) {
    const ours = prototype === node.Socket.prototype ? Socket.prototype : Server.prototype
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (!name.startsWith('_')) expect(name in ours, name).toBe(true)
    }
  }
  const prototype = Socket.prototype as unknown as Record<string, unknown>
  prototype.setKeepAlive = () => 'another'
  expect(new Socket().setKeepAlive()).toBe('another')
  delete prototype.setKeepAlive
  expect(new Socket().setKeepAlive()).toBeInstanceOf(Socket)
})

it('a pipe is no socket', () => {
  const program = `import { Socket } from '@pollux/net'
    try { new Socket({ fd: 0 }) } catch ({ code, message }) { console.log(code, message) }`
  const args = ['-c', 'echo | "$0" --input-type=module -e "$1"', process.execPath, program]
  const output = execFileSync('sh', args, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  })
  expect(output).toBe('ERR_INVALID_FD_TYPE Unsupported fd type: PIPE\n')
})

it('resources of libuv are not what sockets are', async () => {
  await pair()
  expect(process.getActiveResourcesInfo().filter((name) => /^TCP/.test(name))).toEqual([])
})

it('bytesRead counts what the system has delivered, whatever an onread callback has seen of it', async () => {
  const server = createServer((socket) => void socket.on('error', () => {}).end('8 bytes.')).listen(
    0,
    '127.0.0.1',
  )
  closing.push(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as node.AddressInfo
  const bytesRead = async (open: (options: node.TcpSocketConnectOpts) => node.Socket) => {
    const onread = { buffer: Buffer.alloc(4), callback: (): boolean => socket.destroy().readable }
    const socket: node.Socket = open({ port, host: '127.0.0.1', onread })
    await once(socket, 'close')
    return socket.bytesRead
  }
  expect([await bytesRead(node.connect), await bytesRead(connect)]).toEqual([4, 8])
})

it('resetAndDestroy right after end closes, which over node:net nothing ever does', async () => {
  const { client, accepted } = await pair()
  accepted.on('error', () => {}).resume()
  const failed = new Promise((resolve) => client.once('error', resolve))
  client.end('last words')
  client.resetAndDestroy()
  expect(await Promise.race([once(client, 'close'), failed])).toEqual([false])
})

describe('a child process', () => {
  it('cannot be sent a socket or a server, and the program is told', async () => {
    const { client, server } = await pair()
    const child = fork(programOf(import.meta.url, 'process.once("message", () => {})'))
    closing.push(() => void child.kill())
    for (const handle of [client, server]) {
      expect(() => child.send('take it', handle as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_HANDLE_TYPE' }),
      )
    }
  })

  it('is given a socket for its output by the descriptor', async () => {
    const { client, accepted } = await pair()
    expect(() => spawn('echo', ['hello'], { stdio: ['ignore', client as never, 'ignore'] })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
    const { fd } = client.berkeley as { fd: number }
    const child = spawn('echo', ['hello'], { stdio: ['ignore', fd, 'ignore'] })
    await once(child, 'exit')
    client.end()
    expect(await textOf(accepted)).toBe('hello\n')
  })

  it('that was sent a server of Node’s listens on its socket', async () => {
    const child = fork(
      programOf(
        import.meta.url,
        `import { createServer } from '@pollux/net'
         process.once('message', (_, sent) => {
           const server = createServer((socket) => socket.end('from the child', () => server.close()))
           server.listen(sent, () => {
             sent.close()
             process.send('listening')
             process.disconnect()
           })
         })`,
      ),
    )
    closing.push(() => void child.kill())
    const server = node.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as node.AddressInfo
    child.send('listen on it', server)
    await once(child, 'message')
    server.close()
    expect(await textOf(connect(port, '127.0.0.1'))).toBe('from the child')
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(0)
  })
})

describe('what a handler writes', () => {
  const PROGRAM = `
    const [over, port] = process.argv.slice(1)
    const { connect } = await import(over)
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write('last words')
      process.kill(process.pid, 'SIGKILL')
    })`

  it.each([
    ['node:net', 'last words'],
    ['@pollux/net', ''],
  ])('over %s leaves a process that is killed in the same turn as "%s"', async (over, words) => {
    const server = node.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const args = [
      '--input-type=module',
      '-e',
      PROGRAM,
      over,
      String((server.address() as node.AddressInfo).port),
    ]
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: 'ignore' })
    const exit = once(child, 'exit')
    const [socket] = (await once(server, 'connection')) as [node.Socket]
    let came = ''
    for await (const part of socket.setEncoding('utf8')) came += part
    expect(came).toBe(words)
    expect(await exit).toEqual([null, 'SIGKILL'])
    server.close()
    await once(server, 'close')
  })
})
