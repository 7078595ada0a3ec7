// gethostbyname and gethostbyaddr answer as the system does, by the word of a program that is not Pollux. No name
// server is asked.
import {
  gethostbyaddr,
  gethostbyname,
  HOST_NOT_FOUND,
  type HostEntry,
  NI_MAXHOST,
  NO_DATA,
  NO_RECOVERY,
  SocketError,
  TRY_AGAIN,
} from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { binding, constants } from '../../../native-poll/test/support/raw_reactor.js'
import { askPython } from '../support/oracle.js'

checkFds()

/** Without the reentrant forms they are done by getaddrinfo and getnameinfo, which know no aliases. */
const KNOWS_ALIASES = binding.backends.includes('epoll')

const entryOf = ([name, aliases, addresses]: [string, string[], string[]]): HostEntry => ({
  name,
  aliases: KNOWS_ALIASES ? aliases : [],
  family: constants.AF_INET,
  addresses,
})

describe('gethostbyname', () => {
  it.each(['localhost', '127.0.0.1', '192.0.2.1', '127.1'])('finds %s', async (name) => {
    expect(await gethostbyname(name)).toEqual(
      entryOf(askPython('answer(socket.gethostbyname_ex(input))', name)),
    )
  })

  it('does not know IPv6', async () => {
    const error = await gethostbyname('::1').catch((reason) => reason)
    expect(error).toBeInstanceOf(SocketError)
    expect(['HOST_NOT_FOUND', 'NO_DATA', 'NO_RECOVERY']).toContain(error.code)
    expect(error.errno).toBe(constants[error.code])
    expect(error).toMatchObject({ syscall: 'gethostbyname', address: '::1' })
    expect(error.message).toMatch(/^gethostbyname \[::1\]: .* \([A-Z_]+\); /)
  })

  it.each([undefined, null, 1, {}])('refuses the name %s', async (name) => {
    const call = gethostbyname(name as unknown as string)
    await expect(call).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
  })

  it.each(['local\0host', 'a'.repeat(NI_MAXHOST)])('refuses the name %j', async (name) => {
    const call = gethostbyname(name)
    await expect(call).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
  })

  it('rejects with the reason of a signal that fires', async () => {
    const reason = new Error('given up')
    await expect(gethostbyname('localhost', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const control = new AbortController()
    const call = gethostbyname('localhost', { signal: control.signal })
    control.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  it('has the four errors of h_errno by their values', () => {
    expect([HOST_NOT_FOUND, TRY_AGAIN, NO_RECOVERY, NO_DATA]).toEqual([1, 2, 3, 4])
  })
})

describe('gethostbyaddr', () => {
  it('finds the name of the loopback address', async () => {
    expect(await gethostbyaddr('127.0.0.1')).toEqual(
      entryOf(askPython('answer(socket.gethostbyaddr(input))', '127.0.0.1')),
    )
  })

  it.each(['localhost', '::1', '127.1', '127.0.0.1\0', ''])(
    'refuses %j, which is no IPv4 address',
    async (text) => {
      const call = gethostbyaddr(text)
      await expect(call).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
    },
  )

  it('refuses what is no text', async () => {
    const call = gethostbyaddr(2130706433 as unknown as string)
    await expect(call).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
  })

  it('finds many at once', async () => {
    const calls = Array.from({ length: 200 }, (_, i) =>
      i % 2 === 0 ? gethostbyaddr('127.0.0.1') : gethostbyname('127.0.0.1'),
    )
    for (const { addresses } of await Promise.all(calls)) expect(addresses).toEqual(['127.0.0.1'])
  })
})
