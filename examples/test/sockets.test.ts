// The programs of docs/from-c-to-typescript.md: C against TypeScript, both ways round, and each against itself.
import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../packages/native-poll/test/support/child.js'
import { temporaryFolder } from '../../packages/native-poll/test/support/folder.js'
import { checkFds } from '../../packages/native-poll/test/support/leaks.js'
import { Peer } from '../../packages/native-poll/test/support/peer.js'
import { BACKENDS } from '../../packages/native-poll/test/support/server.js'

checkFds()
afterEach(endChildren)

const C = fileURLToPath(new URL('../c/', import.meta.url))
const TYPESCRIPT = fileURLToPath(new URL('../dist/sockets/', import.meta.url))
const folder = temporaryFolder()

const programs = readdirSync(C).map((file) => file.replace(/\.c$/, ''))

/** The C programs take their arguments by place, the TypeScript ones by name; the places are those of the names here. */
type Flags = Record<string, string | number>
type Start = (program: string, flags: Flags) => Child

const startC: Start = (program, flags) => Child.run(join(folder, program), Object.values(flags).map(String))
const startTypeScript =
  (backend: string): Start =>
  (program, flags) => {
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
    return Child.node([`${TYPESCRIPT}${program}.js`, ...args], { POLLUX_BACKEND: backend })
  }

beforeAll(() => {
  for (const program of programs) {
    const flags = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-o', join(folder, program)]
    execFileSync('cc', [...flags, `${C}${program}.c`])
  }
})

interface Pairing {
  pairing: string
  server: Start
  client: Start
}

const pairings: Pairing[] = [
  { pairing: 'C with C', server: startC, client: startC },
  ...BACKENDS.map((backend) => ({
    pairing: `a TypeScript server on ${backend} with a C client`,
    server: startTypeScript(backend),
    client: startC,
  })),
  {
    pairing: 'a C server with a TypeScript client',
    server: startC,
    client: startTypeScript(BACKENDS[0]),
  },
  {
    pairing: 'TypeScript with TypeScript',
    server: startTypeScript(BACKENDS[0]),
    client: startTypeScript(BACKENDS[0]),
  },
]

const host = '127.0.0.1'
const LISTENING = /^listening on (?:port )?(.*)$/m

/** What a program prints until it ends, which it does well. */
async function outputOf(child: Child): Promise<string> {
  const exitCode = await child.awaitExit()
  expect(child.errors).toBe('')
  expect(exitCode).toBe(0)
  return child.output
}

/** A path for a socket that nobody had before. */
let paths = 0
const newPath = () => join(folder, `socket${++paths}`)

/** More than a buffer of theirs, and less than the longest argument. */
const longMessage = 'All work and no play makes Jack a dull boy. '.repeat(2000)

describe.each(pairings)('$pairing', ({ server, client }) => {
  it.each(['tcp-server-poll', 'tcp-server-select'])('speak TCP: %s', async (program) => {
    const port = Number(await server(program, { host, port: 0 }).awaitOutput(LISTENING))
    for (const message of ['hello', longMessage, '']) {
      expect(await outputOf(client('tcp-client', { host, port, message }))).toBe(message)
    }
  })

  it.each(['tcp-server-poll', 'tcp-server-select'])('speak TCP, many at once: %s', async (program) => {
    const port = Number(await server(program, { host, port: 0 }).awaitOutput(LISTENING))
    const gone = await Peer.connect({ host, port })
    const peers = await Promise.all(Array.from({ length: 20 }, () => Peer.connect({ host, port })))
    await gone.reset()
    await Promise.all(peers.map((peer, i) => peer.send(`${i}: ${longMessage}`)))
    await Promise.all(peers.map((peer, i) => peer.expectBytes(`${i}: ${longMessage}`)))
    expect(await outputOf(client('tcp-client', { host, port, message: 'one more' }))).toBe('one more')
  })

  it('speak UDP', async () => {
    const port = Number(await server('udp-server', { host, port: 0 }).awaitOutput(LISTENING))
    for (const message of ['hello', longMessage.slice(0, 60_000)]) {
      expect(await outputOf(client('udp-client', { host, port, message }))).toBe(message)
    }
  })

  it('speak over a Unix stream', async () => {
    const path = newPath()
    await server('unix-stream-server', { path }).awaitOutput(LISTENING)
    for (const message of ['hello', longMessage]) {
      expect(await outputOf(client('unix-stream-client', { path, message }))).toBe(message)
    }
  })

  it('speak by Unix datagrams', async () => {
    const path = newPath()
    await server('unix-datagram-server', { path }).awaitOutput(LISTENING)
    for (const message of ['hello', longMessage.slice(0, 60_000)]) {
      expect(await outputOf(client('unix-datagram-client', { path, message }))).toBe(message)
    }
    expect(readdirSync(folder).filter((name) => name.startsWith('socket') && name.includes('.'))).toEqual([])
  })

  it('take the place of a server that left its Unix socket behind', async () => {
    for (const program of ['unix-stream', 'unix-datagram']) {
      const path = newPath()
      const first = server(`${program}-server`, { path })
      await first.awaitOutput(LISTENING)
      first.process.kill('SIGKILL')
      await first.awaitExit()
      await server(`${program}-server`, { path }).awaitOutput(LISTENING)
      expect(await outputOf(client(`${program}-client`, { path, message: 'hello' }))).toBe('hello')
    }
  })

  it('pass an open file', async () => {
    const path = newPath()
    const file = join(folder, 'passed.txt')
    writeFileSync(file, 'what is in the file')
    const receiver = server('fd-receive', { path })
    await receiver.awaitOutput(LISTENING)
    await outputOf(client('fd-send', { path, file }))
    expect(await outputOf(receiver)).toBe(`listening on ${path}\nwhat is in the file`)
  })

  it('send to a multicast group', async () => {
    const group = '239.255.77.77'
    const receiver = server('multicast-receive', { group, port: 0, interface: host })
    const port = Number(await receiver.awaitOutput(LISTENING))
    await outputOf(client('multicast-send', { group, port, interface: host, message: 'to all of you' }))
    expect(await receiver.awaitOutput(/^127.*$/m)).toBe('127.0.0.1: to all of you')
  })

  it('fail with code 1 where nobody listens', async () => {
    const path = newPath()
    for (const program of ['unix-stream-client', 'unix-datagram-client']) {
      const child = client(program, { path, message: 'hello' })
      expect(await child.awaitExit()).toBe(1)
      expect(child.errors).toMatch(/No such file|ENOENT/)
    }
  })
})

describe.each(BACKENDS)('the same is printed by C and by TypeScript on %s', (backend) => {
  const typeScript = startTypeScript(backend)

  it.each(['localhost', '127.0.0.1', '::1', '192.0.2.1'])('of the name %s', async (name) => {
    const inC = await outputOf(startC('dns-lookup', { name }))
    expect(await outputOf(typeScript('dns-lookup', { name }))).toBe(inC)
    expect(inC).toMatch(name === 'localhost' ? /^(127\.0\.0\.1|::1) /m : new RegExp(`^${name} `, 'm'))
  })

  it('of the options of a socket', async () => {
    const inC = await outputOf(startC('socket-options', {}))
    expect(await outputOf(typeScript('socket-options', {}))).toBe(inC)
    expect(inC).toMatch(/^SO_REUSEADDR {3}off$/m)
  })
})

describe('the TypeScript programs', () => {
  it.each([
    ['tcp-client', ['--nonsense']],
    ['tcp-client', ['--port', '65536']],
    ['tcp-client', ['extra']],
    ['unix-stream-client', ['--message', 'without a path']],
  ])('%s refuses %o with code 2, and says how to use it', async (program, args) => {
    const child = Child.node([`${TYPESCRIPT}${program}.js`, ...args])
    expect(await child.awaitExit()).toBe(2)
    expect(child.errors).toMatch(/^usage: /m)
    expect(child.output).toBe('')
  })
})
