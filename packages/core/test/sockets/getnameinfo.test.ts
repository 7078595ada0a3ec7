// getnameinfo answers as the system does, by the word of a program that is not Pollux. No name server is asked.
import {
  EAI_NONAME,
  getnameinfo,
  type IpEndpoint,
  NI_DGRAM,
  NI_MAXHOST,
  NI_MAXSERV,
  NI_NAMEREQD,
  NI_NOFQDN,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  SocketError,
} from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { constants } from '../../../native-poll/test/support/raw_reactor.js'
import { askPython } from '../support/oracle.js'

checkFds()

const NUMERIC = NI_NUMERICHOST | NI_NUMERICSERV
const at = (host: string, port: number): IpEndpoint => ({ host, port })

const QUESTIONS: [title: string, address: IpEndpoint, flags: number][] = [
  ['names', at('127.0.0.1', 80), 0],
  ['names without a domain', at('127.0.0.1', 80), NI_NOFQDN],
  ['a name that must be there', at('127.0.0.1', 80), NI_NAMEREQD],
  ['a service of UDP', at('127.0.0.1', 69), NI_DGRAM],
  ['the same port of TCP', at('127.0.0.1', 69), 0],
  ['a port without a name', at('127.0.0.1', 65535), 0],
  ['port 0', at('127.0.0.1', 0), NI_NUMERICHOST],
  ['a numeric host', at('127.0.0.1', 80), NI_NUMERICHOST],
  ['a numeric service', at('127.0.0.1', 80), NI_NUMERICSERV],
  ['numbers', at('192.0.2.255', 443), NUMERIC],
  ['numbers of IPv6', at('2001:db8::1', 443), NUMERIC],
  ['a mapped address', at('::ffff:192.0.2.1', 1), NUMERIC],
  ['a zone', at('fe80::1%1', 1), NUMERIC],
  ['a name where a number is demanded', at('127.0.0.1', 80), NI_NUMERICHOST | NI_NAMEREQD],
  ['a flag that is none', at('127.0.0.1', 80), 1 << 30],
]

const PROGRAM = `
def ask(host, port, flags):
  host, _, scope = host.partition('%')
  where = (host, port, 0, int(scope or 0)) if ':' in host else (host, port)
  try:
    return list(socket.getnameinfo(where, flags))
  except socket.gaierror as error:
    return error.args[0]
answer([ask(*question) for question in input])
`

describe('getnameinfo', () => {
  const answers = askPython<([string, string] | number)[]>(
    PROGRAM,
    QUESTIONS.map(([, { host, port }, flags]) => [host, port, flags]),
  )

  it.each(QUESTIONS.map((question, i) => [...question, answers[i]] as const))(
    'tells %s as the system does',
    async (_, address, flags, theirs) => {
      const ours = await getnameinfo(address, flags).then(
        ({ host, service }) => [host, service],
        (error) => error.errno,
      )
      expect(ours).toEqual(theirs)
    },
  )

  it('has no flags unless they are given', async () => {
    expect(await getnameinfo(at('127.0.0.1', 80))).toEqual({ host: expect.any(String), service: 'http' })
  })

  it('takes an address as getsockname gives it, and tells the zone by name', async () => {
    const address = { family: 'IPv6', host: 'fe80::1%1', port: 7 } as const
    const { host } = await getnameinfo(address, NUMERIC)
    expect(host).toMatch(/^fe80::1%[a-z]/)
    expect(await getnameinfo({ host, port: 7 }, NUMERIC)).toEqual({ host, service: '7' })
  })

  it('says what a person can do', async () => {
    const error = await getnameinfo(at('127.0.0.1', 80), 1 << 30).catch((reason) => reason)
    expect(error).toBeInstanceOf(SocketError)
    expect(error.message).toMatch(/^getnameinfo 127\.0\.0\.1:80: .* \(EAI_BADFLAGS\); /)
    expect({ ...error }).toEqual({
      name: 'SocketError',
      code: 'EAI_BADFLAGS',
      errno: constants.EAI_BADFLAGS,
      syscall: 'getnameinfo',
      address: '127.0.0.1',
      port: 80,
    })
    const nameless = getnameinfo(at('127.0.0.1', 80), NI_NUMERICHOST | NI_NAMEREQD)
    await expect(nameless).rejects.toMatchObject({ code: 'EAI_NONAME', errno: EAI_NONAME })
  })

  it('knows the flags of POSIX by their values, and how long names can be', () => {
    const values = {
      NI_NOFQDN,
      NI_NUMERICHOST,
      NI_NAMEREQD,
      NI_NUMERICSERV,
      NI_DGRAM,
      NI_MAXHOST,
      NI_MAXSERV,
    }
    const program = 'answer([getattr(socket, name) for name in input])'
    expect(askPython(program, Object.keys(values))).toEqual(Object.values(values))
  })

  it('rejects with the reason of a signal that has fired', async () => {
    const reason = new Error('given up')
    const call = getnameinfo(at('127.0.0.1', 80), 0, { signal: AbortSignal.abort(reason) })
    await expect(call).rejects.toBe(reason)
  })
})

describe('the arguments of getnameinfo', () => {
  const untyped = getnameinfo as (...args: unknown[]) => Promise<unknown>
  const rejects = (code: string, ...args: unknown[]) =>
    expect(untyped(...args)).rejects.toMatchObject({ code })

  it.each(['localhost', '127.1', '1.2.3', '1.2.3.4.5', '::1::', '[::1]', '127.0.0.1\0x', ''])(
    'refuse the host %j, which is no numeric address',
    async (host) => {
      await expect(untyped(at(host, 80))).rejects.toBeInstanceOf(TypeError)
      await rejects('ERR_INVALID_ARG_VALUE', at(host, 80))
    },
  )

  it('refuse what is no address', async () => {
    for (const address of [null, undefined, 'localhost', {}, { path: '/tmp/x' }, { host: 1, port: 1 }]) {
      await rejects('ERR_INVALID_ARG_TYPE', address)
    }
    await rejects('ERR_INVALID_ARG_TYPE', { host: '127.0.0.1' })
    await rejects('ERR_OUT_OF_RANGE', at('127.0.0.1', 65536))
  })

  it('refuse flags that are no int', async () => {
    await rejects('ERR_INVALID_ARG_TYPE', at('127.0.0.1', 80), '1')
    await rejects('ERR_OUT_OF_RANGE', at('127.0.0.1', 80), 2 ** 31)
  })

  it('refuse a zone that is no interface', async () => {
    await rejects('ENODEV', at('fe80::1%no-such-one', 80))
    await expect(untyped(at('fe80::1%no-such-one', 80))).rejects.toBeInstanceOf(SocketError)
  })
})
