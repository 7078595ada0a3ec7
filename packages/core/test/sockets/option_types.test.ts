// The types of options, which tsc looks at (npm test -- --only=types); that they hold at run time others test.
import {
  AF_INET,
  EventLoop,
  type Linger,
  type MemoryInfo,
  type OptionInput,
  type OptionValue,
  type PeerCredentials,
  type ReadableOption,
  type SettableOption,
  SOCK_STREAM,
  socket,
  type TcpInfo,
  type TimeValue,
} from '@pollux/core'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'

checkFds()
afterEach(() => EventLoop.default().close())

describe('level and name', () => {
  it('fix the type that reading gives', () => {
    expectTypeOf<OptionValue<'SOL_SOCKET', 'SO_REUSEADDR'>>().toEqualTypeOf<boolean>()
    expectTypeOf<OptionValue<'SOL_SOCKET', 'SO_RCVBUF'>>().toEqualTypeOf<number>()
    expectTypeOf<OptionValue<'SOL_SOCKET', 'SO_LINGER'>>().toEqualTypeOf<Linger>()
    expectTypeOf<OptionValue<'SOL_SOCKET', 'SO_RCVTIMEO'>>().toEqualTypeOf<TimeValue>()
    expectTypeOf<OptionValue<'SOL_SOCKET', 'SO_COOKIE'>>().toEqualTypeOf<bigint>()
    expectTypeOf<OptionValue<'SOL_SOCKET', 'SO_PEERCRED'>>().toEqualTypeOf<PeerCredentials>()
    expectTypeOf<OptionValue<'SOL_SOCKET', 'SO_MEMINFO'>>().toEqualTypeOf<MemoryInfo>()
    expectTypeOf<OptionValue<'SOL_SOCKET', 'SO_BINDTODEVICE'>>().toEqualTypeOf<string>()
    expectTypeOf<OptionValue<'IPPROTO_TCP', 'TCP_INFO'>>().toEqualTypeOf<TcpInfo>()
    expectTypeOf<OptionValue<'IPPROTO_TCP', 'TCP_CC_INFO'>>().toEqualTypeOf<Uint8Array>()
    expectTypeOf<OptionValue<'SOL_SOCKET', 'SO_SNDBUFFORCE'>>().toEqualTypeOf<never>()
  })

  it('fix the type that may be set', () => {
    expectTypeOf<OptionInput<'IPPROTO_TCP', 'TCP_NODELAY'>>().toEqualTypeOf<boolean>()
    expectTypeOf<OptionInput<'IPPROTO_UDP', 'UDP_SEGMENT'>>().toEqualTypeOf<number>()
    expectTypeOf<OptionInput<'IPPROTO_TCP', 'TCP_CONGESTION'>>().toEqualTypeOf<string>()
    expectTypeOf<OptionInput<'SOL_SOCKET', 'SO_TYPE'>>().toEqualTypeOf<never>()
    expectTypeOf<OptionInput<'IPPROTO_IPV6', 'IPV6_JOIN_GROUP'>>().toEqualTypeOf<{
      group: string
      interfaceIndex?: number
    }>()
  })

  it('offer what can be read and what can be set', () => {
    expectTypeOf<'SO_TYPE'>().toExtend<ReadableOption<'SOL_SOCKET'>>()
    expectTypeOf<'SO_TYPE'>().not.toExtend<SettableOption<'SOL_SOCKET'>>()
    expectTypeOf<'SO_RCVBUFFORCE'>().toExtend<SettableOption<'SOL_SOCKET'>>()
    expectTypeOf<'SO_RCVBUFFORCE'>().not.toExtend<ReadableOption<'SOL_SOCKET'>>()
    expectTypeOf<'TCP_NODELAY'>().not.toExtend<ReadableOption<'SOL_SOCKET'>>()
  })
})

describe('a call', () => {
  const tcp = () => socket(AF_INET, SOCK_STREAM)

  it('has the type of its option', () => {
    const subject = tcp()
    expectTypeOf(subject.getsockopt('SOL_SOCKET', 'SO_LINGER')).toEqualTypeOf<Linger>()
    expectTypeOf(subject.getsockopt('IPPROTO_TCP', 'TCP_NODELAY')).toEqualTypeOf<boolean>()
    expectTypeOf(subject.getsockopt(1, 3, 4)).toEqualTypeOf<Uint8Array>()
    expectTypeOf(subject.setsockopt('SOL_SOCKET', 'SO_KEEPALIVE', true)).toEqualTypeOf<void>()
  })

  it('of another type does not compile, and throws', () => {
    const subject = tcp()
    // @ts-expect-error a boolean
    expect(() => subject.setsockopt('SOL_SOCKET', 'SO_KEEPALIVE', 1)).toThrow(TypeError)
    // @ts-expect-error both members
    expect(() => subject.setsockopt('SOL_SOCKET', 'SO_LINGER', { on: true })).toThrow(TypeError)
    // @ts-expect-error read only
    expect(() => subject.setsockopt('SOL_SOCKET', 'SO_TYPE', 1)).toThrow(TypeError)
    // @ts-expect-error set only
    expect(() => subject.getsockopt('SOL_SOCKET', 'SO_RCVBUFFORCE')).toThrow(TypeError)
    // @ts-expect-error of another level
    expect(() => subject.getsockopt('SOL_SOCKET', 'TCP_NODELAY')).toThrow(TypeError)
    // @ts-expect-error no such level
    expect(() => subject.getsockopt('SOL_TCP', 'TCP_NODELAY')).toThrow(TypeError)
    // @ts-expect-error how many bytes?
    expect(() => subject.getsockopt(1, 3)).toThrow(TypeError)
    // @ts-expect-error bytes
    expect(() => subject.setsockopt(1, 3, 1)).toThrow(TypeError)
    // @ts-expect-error strings or numbers
    expect(() => subject.getsockopt('SOL_SOCKET', 3, 4)).toThrow(TypeError)
  })
})
