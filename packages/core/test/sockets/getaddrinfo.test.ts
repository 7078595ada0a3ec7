// getaddrinfo answers as the system does, by the word of a program that is not Pollux. No name server is asked: the
// names here are numeric, or localhost, or refused before anybody could be asked.
import { getEventListeners } from 'node:events'
import { networkInterfaces } from 'node:os'
import {
  type AddressHints,
  type AddressInfo,
  AI_ADDRCONFIG,
  AI_ALL,
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  AI_V4MAPPED,
  EAI_NONAME,
  getaddrinfo,
  NI_MAXHOST,
  NI_MAXSERV,
  SocketError,
} from '@pollux/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { Random, seeds } from '../../../native-poll/test/support/random.js'
import { constants } from '../../../native-poll/test/support/raw_reactor.js'
import { askPython } from '../support/oracle.js'

checkFds()

const { AF_UNIX, AF_INET, AF_INET6, SOCK_STREAM, IPPROTO_TCP } = constants
const IPPROTO_UDP = 17
const SOCK_DGRAM = SOCK_STREAM === 1 ? 2 : 1
const isInternal = ([info]: { internal: boolean }[] = []) => info?.internal
const LOOPBACK = Object.entries(networkInterfaces()).find(([, infos]) => isInternal(infos))?.[0] ?? 'lo'

type Question = [host: string | null, service: string | number | null, hints: AddressHints]

/** An entry, as both sides can tell it. */
type Entry = [
  family: number,
  socktype: number,
  protocol: number,
  canonname: string,
  host: string,
  port: number,
]
/** Entries, or the error's value. */
type Answer = Entry[] | number

const FOUND: [title: string, question: Question][] = [
  ['localhost, every type', ['localhost', 80, {}]],
  ['localhost, by the name of a service', ['localhost', 'http', {}]],
  ['a service of one type', ['localhost', 'http', { socktype: SOCK_STREAM }]],
  ['a service by protocol', ['localhost', 'domain', { protocol: IPPROTO_UDP }]],
  ['a service of its only type', ['127.0.0.1', 'tftp', {}]],
  ['a port as text', ['localhost', '8080', { socktype: SOCK_DGRAM }]],
  ['no service', ['localhost', null, {}]],
  ['the least port', ['127.0.0.1', 0, {}]],
  ['the greatest port', ['::1', 65535, {}]],
  ['no host: the loopback address', [null, 80, {}]],
  ['no host, AI_PASSIVE: the wildcard', [null, 80, { flags: AI_PASSIVE }]],
  ['the wildcard of IPv6', [null, 'http', { flags: AI_PASSIVE, family: AF_INET6, socktype: SOCK_STREAM }]],
  ['AI_PASSIVE with a host', ['localhost', 80, { flags: AI_PASSIVE }]],
  ['localhost of IPv4', ['localhost', 80, { family: AF_INET }]],
  ['a canonical name', ['localhost', 80, { flags: AI_CANONNAME }]],
  ['the canonical name of a number', ['127.0.0.1', 80, { flags: AI_CANONNAME, socktype: SOCK_STREAM }]],
  ['IPv4 mapped', ['127.0.0.1', 80, { family: AF_INET6, flags: AI_V4MAPPED }]],
  ['IPv4 mapped, and all', ['localhost', 80, { family: AF_INET6, flags: AI_V4MAPPED | AI_ALL }]],
  ['what this machine has addresses of', ['localhost', 80, { flags: AI_ADDRCONFIG }]],
  ['a numeric host, demanded', ['::1', 80, { flags: AI_NUMERICHOST }]],
  ['a numeric service, demanded', ['::1', '80', { flags: AI_NUMERICSERV }]],
  ['TCP by protocol', ['127.0.0.1', 80, { protocol: IPPROTO_TCP }]],
  ['IPv4 in few parts', ['127.1', 80, { socktype: SOCK_STREAM }]],
  ['IPv4 in hexadecimal', ['0x7f.0.0.1', 80, { socktype: SOCK_STREAM }]],
  ['a mapped address as it is', ['::ffff:192.0.2.1', 80, { socktype: SOCK_STREAM }]],
  ["a zone by its interface's name", [`fe80::1%${LOOPBACK}`, 80, { socktype: SOCK_STREAM }]],
  ['a multicast zone', [`ff02::1%${LOOPBACK}`, 80, { socktype: SOCK_STREAM }]],
  ['a zone by number', ['fe80::1%1', 80, {}]],
]

/** glibc has a code of its own for it, POSIX has not. */
const NO_SUCH_FAMILY: Question = ['::1', 80, { family: AF_INET }]

const REFUSED: [code: string, title: string, question: Question][] = [
  ['EAI_NONAME', 'neither host nor service', [null, null, {}]],
  ['EAI_NONAME', 'an empty host', ['', 80, {}]],
  ['EAI_NONAME', 'a name where a number is demanded', ['localhost', 80, { flags: AI_NUMERICHOST }]],
  ['EAI_NONAME', 'a service where a number is demanded', ['localhost', 'http', { flags: AI_NUMERICSERV }]],
  ['EAI_NONAME', 'a zone that is no interface', ['fe80::1%no-such', 80, { flags: AI_NUMERICHOST }]],
  ['EAI_FAMILY', 'a family without names', ['localhost', 80, { family: AF_UNIX }]],
  ['EAI_FAMILY', 'a family that is none', ['localhost', 80, { family: 9999 }]],
  ['EAI_SOCKTYPE', 'a type that is none', ['localhost', 80, { socktype: 9999 }]],
  ['EAI_SOCKTYPE', 'UDP as a stream', ['localhost', 80, { socktype: SOCK_STREAM, protocol: IPPROTO_UDP }]],
  ['EAI_SERVICE', 'a service that is none', ['localhost', 'no-such-service', {}]],
  ['EAI_SERVICE', 'a service of another type', ['localhost', 'tftp', { socktype: SOCK_STREAM }]],
  ['EAI_BADFLAGS', 'a flag that is none', ['localhost', 80, { flags: 1 << 30 }]],
  ['EAI_BADFLAGS', 'the canonical name of nothing', [null, 80, { flags: AI_CANONNAME }]],
]

// '%scope' is in python's text or beside it, by version.
const PROGRAM = `
def ask(host, service, hints):
  try:
    found = socket.getaddrinfo(None if host is None else host.encode(), service, hints.get('family', 0),
                               hints.get('socktype', 0), hints.get('protocol', 0), hints.get('flags', 0))
  except socket.gaierror as error:
    return error.args[0]
  def entry(family, kind, protocol, name, where):
    scope = '%' + str(where[3]) if len(where) > 3 and where[3] else ''
    return [family, kind, protocol, name, where[0].split('%')[0] + scope, where[1]]
  return [entry(*info) for info in found]
answer([ask(*question) for question in input])
`

const entryOf = ({ family, socktype, protocol, canonname, address }: AddressInfo): Entry => [
  family,
  socktype,
  protocol,
  canonname ?? '',
  address.host,
  address.port,
]

/** What we say, as python would. */
const ours = (question: Question): Promise<Answer> =>
  getaddrinfo(...question).then(
    (found) => found.map(entryOf),
    (error) => error.errno,
  )

describe('getaddrinfo', () => {
  let answers: Map<Question, Answer>
  beforeAll(() => {
    const questions = [...FOUND, ...REFUSED].map((row) => row[row.length - 1] as Question)
    questions.push(NO_SUCH_FAMILY)
    const told = askPython<Answer[]>(PROGRAM, questions)
    answers = new Map(questions.map((question, i) => [question, told[i]]))
  })

  it.each(FOUND)('finds %s', async (_, question) => {
    const theirs = answers.get(question)
    expect(Array.isArray(theirs) && theirs.length, `python: ${theirs}`).toBeGreaterThan(0)
    expect(await ours(question)).toEqual(theirs)
  })

  it.each(REFUSED)('says %s for %s', async (code, _, question) => {
    expect(await ours(question)).toBe(answers.get(question))
    await expect(getaddrinfo(...question)).rejects.toMatchObject({ code, syscall: 'getaddrinfo' })
    expect(answers.get(question)).toBe(constants[code])
  })

  it('says that a host has no address of the family', async () => {
    const error: SocketError = await getaddrinfo(...NO_SUCH_FAMILY).catch((reason) => reason)
    expect(['EAI_ADDRFAMILY', 'EAI_NONAME', 'EAI_NODATA']).toContain(error.code)
    expect(error.errno).toBe(answers.get(NO_SUCH_FAMILY))
  })

  it('says what a person can do, and gives the parts of the message too', async () => {
    const error = await getaddrinfo('localhost', 'no-such-service').catch((reason) => reason)
    expect(error).toBeInstanceOf(SocketError)
    expect(error.message).toMatch(
      /^getaddrinfo localhost:no-such-service: .+ \(EAI_SERVICE\); a service is a port/,
    )
    expect({ ...error }).toEqual({
      name: 'SocketError',
      code: 'EAI_SERVICE',
      errno: constants.EAI_SERVICE,
      syscall: 'getaddrinfo',
      address: 'localhost',
    })
    const numeric = await getaddrinfo('localhost', 80, { flags: AI_NUMERICHOST }).catch((reason) => reason)
    expect(numeric).toMatchObject({ address: 'localhost', port: 80, errno: EAI_NONAME })
    const nothing = await getaddrinfo(null, null).catch((reason) => reason)
    expect(nothing.message).toMatch(/^getaddrinfo: /)
    expect('address' in nothing || 'port' in nothing).toBe(false)
  })

  it('tells family and type, the canonical name in the first entry only, and the flags', async () => {
    const found = await getaddrinfo('localhost', 7, { flags: AI_CANONNAME, family: AF_INET })
    expect(found[0]).toEqual({
      flags: AI_CANONNAME,
      family: AF_INET,
      socktype: SOCK_STREAM,
      protocol: IPPROTO_TCP,
      address: { family: 'IPv4', host: '127.0.0.1', port: 7 },
      canonname: expect.any(String),
    })
    for (const entry of found.slice(1)) expect('canonname' in entry).toBe(false)
  })

  it('has the flags of POSIX by their values', () => {
    const flags = {
      AI_PASSIVE,
      AI_CANONNAME,
      AI_NUMERICHOST,
      AI_NUMERICSERV,
      AI_V4MAPPED,
      AI_ALL,
      AI_ADDRCONFIG,
    }
    const program = 'answer([getattr(socket, name) for name in input])'
    expect(askPython(program, Object.keys(flags))).toEqual(Object.values(flags))
  })
})

describe('the arguments of getaddrinfo', () => {
  async function refused(
    code: string,
    error: typeof TypeError | typeof RangeError,
    call: () => Promise<unknown>,
  ) {
    await expect(call()).rejects.toBeInstanceOf(error)
    await expect(call()).rejects.toMatchObject({ code })
  }
  const untyped = getaddrinfo as (...args: unknown[]) => Promise<unknown>

  it.each([undefined, 1, {}, Buffer.from('x'), Symbol('x')])('refuse the host %s', (host) =>
    refused('ERR_INVALID_ARG_TYPE', TypeError, () => untyped(host, 80)),
  )

  it.each([undefined, 80n, {}, true])('refuse the service %s', (service) =>
    refused('ERR_INVALID_ARG_TYPE', TypeError, () => untyped('localhost', service)),
  )

  it.each([-1, 65536, 1.5, Number.NaN])('refuse the port %s', (port) =>
    refused('ERR_OUT_OF_RANGE', RangeError, () => getaddrinfo('localhost', port)),
  )

  it.each(['\0', 'localhost\0', 'local\0host'])('refuse the NUL byte in %j', async (text) => {
    await refused('ERR_INVALID_ARG_VALUE', TypeError, () => getaddrinfo(text, 80))
    await refused('ERR_INVALID_ARG_VALUE', TypeError, () => getaddrinfo('localhost', text))
  })

  it('refuse names that are longer than any name', async () => {
    await refused('ERR_INVALID_ARG_VALUE', TypeError, () => getaddrinfo('a'.repeat(NI_MAXHOST), 80))
    // Half as many characters, of two bytes each.
    await refused('ERR_INVALID_ARG_VALUE', TypeError, () =>
      getaddrinfo('ü'.repeat(Math.ceil(NI_MAXHOST / 2)), 80),
    )
    await refused('ERR_INVALID_ARG_VALUE', TypeError, () => getaddrinfo('localhost', 'a'.repeat(NI_MAXSERV)))
    const longest = getaddrinfo('localhost', 'a'.repeat(NI_MAXSERV - 1))
    await expect(longest).rejects.toMatchObject({ code: 'EAI_SERVICE' })
    const long = getaddrinfo('a'.repeat(NI_MAXHOST - 1), 80, { flags: AI_NUMERICHOST })
    await expect(long).rejects.toMatchObject({ code: 'EAI_NONAME' })
  })

  it.each(['family', 'socktype', 'protocol', 'flags'])('refuse a %s that is no int', async (name) => {
    await refused('ERR_INVALID_ARG_TYPE', TypeError, () => untyped('localhost', 80, { [name]: '1' }))
    await refused('ERR_OUT_OF_RANGE', RangeError, () => untyped('localhost', 80, { [name]: 2 ** 31 }))
    await refused('ERR_OUT_OF_RANGE', RangeError, () => untyped('localhost', 80, { [name]: 0.5 }))
  })

  it.each([null, 1, 'x'])('refuse the hints and options %s', async (value) => {
    await refused('ERR_INVALID_ARG_TYPE', TypeError, () => untyped('localhost', 80, value))
    await refused('ERR_INVALID_ARG_TYPE', TypeError, () => untyped('localhost', 80, {}, value))
  })

  it('refuse a signal that is none, and a time that is none', async () => {
    const options = (value: object) => () => untyped('localhost', 80, {}, value)
    await refused('ERR_INVALID_ARG_TYPE', TypeError, options({ signal: {} }))
    await refused('ERR_INVALID_ARG_TYPE', TypeError, options({ timeoutMs: '1' }))
    await refused('ERR_OUT_OF_RANGE', RangeError, options({ timeoutMs: -1 }))
    await refused('ERR_OUT_OF_RANGE', RangeError, options({ timeoutMs: 2 ** 31 }))
    await refused('ERR_OUT_OF_RANGE', RangeError, options({ timeoutMs: Number.POSITIVE_INFINITY }))
  })
})

describe('many look-ups', () => {
  it('run at once, and each gets its own answer', async () => {
    const ports = Array.from({ length: 1000 }, (_, port) => port)
    const found = await Promise.all(ports.map((port) => getaddrinfo('127.0.0.1', port)))
    expect(found.map(([first]) => first.address.port)).toEqual(ports)
  })

  it.each(seeds(3))('some of them aborted, settle each once (POLLUX_SEED=%i)', async (seed) => {
    const random = new Random(seed)
    const reason = new Error('given up')
    const outcomes = { found: 0, aborted: 0 }
    const calls = Array.from({ length: 1000 }, async (_, port) => {
      const control = new AbortController()
      const call = getaddrinfo('localhost', port, { socktype: SOCK_STREAM }, { signal: control.signal })
      const later = random.pick([
        () => {},
        () => control.abort(reason),
        () => queueMicrotask(() => control.abort(reason)),
        () => setImmediate(() => control.abort(reason)),
        () => setTimeout(() => control.abort(reason), random.below(5)),
      ])
      later()
      try {
        expect((await call)[0].address.port).toBe(port)
        outcomes.found++
      } catch (error) {
        expect(error).toBe(reason)
        outcomes.aborted++
      }
      control.abort(reason)
    })
    await Promise.all(calls)
    expect(outcomes.found + outcomes.aborted).toBe(1000)
    expect(outcomes.found).toBeGreaterThan(100)
    expect(outcomes.aborted).toBeGreaterThan(100)
  })

  it('leave no listener on a signal that they share', async () => {
    const { signal } = new AbortController()
    await Promise.all(
      [1, 2, 3].map((port) => getaddrinfo('127.0.0.1', port, {}, { signal, timeoutMs: 60_000 })),
    )
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
