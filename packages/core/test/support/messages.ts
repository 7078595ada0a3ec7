// Messages as the tests send and expect them, and python3's socket module as the other end.
import { setFlagsFromString } from 'node:v8'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  CMSG_SPACE,
  constants,
  type EventLoop,
  type IncomingMessage,
  type OwnedFd,
  type ReceivedControlMessage,
  type ReceivedMessage,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
  socket,
  socketpair,
  WOULD_BLOCK,
} from '@pollux/core'
import { expect } from 'vitest'
import { Child } from '../../../native-poll/test/support/child.js'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { handleOf } from '../../dist/sockets/open-socket.js'
import { ipAddress } from './sockets.js'

interface At {
  loop: EventLoop
}

/** Room for every control message that a test asks for. */
export const ROOM = 1024

export const INT = 4

/** A UDP socket of the loopback interface. */
export function udp(at: At, host = '127.0.0.1'): Socket {
  const bound = socket(host.includes(':') ? AF_INET6 : AF_INET, SOCK_DGRAM, 0, at)
  bound.bind({ host, port: 0 })
  return bound
}

/** Two UDP sockets that are connected to each other. */
export async function udpPair(at: At, host?: string): Promise<[Socket, Socket]> {
  const [near, far] = [udp(at, host), udp(at, host)]
  await near.connect(far.getsockname())
  await far.connect(near.getsockname())
  return [near, far]
}

export const unixPair = (at: At, type = SOCK_STREAM): [Socket, Socket] => socketpair(AF_UNIX, type, 0, at)

/** setsockopt(2) by number. */
export function setOption(on: Socket, level: string, name: string, value = 1) {
  const result = on.loop.reactor.setOption(handleOf(on), constants[level], constants[name], value)
  expect(result, name).toBe(0)
}

/** A result that did not have to be waited for. */
export function done<Result>(result: Result): Exclude<Result, typeof WOULD_BLOCK> {
  expect(result).not.toBe(WOULD_BLOCK)
  return result as Exclude<Result, typeof WOULD_BLOCK>
}

/** What comes next, in one buffer unless `request` says otherwise. */
export async function nextMessage(on: Socket, request: Partial<IncomingMessage> = {}, flags = 0) {
  const buffer = Buffer.alloc(70_000)
  const wanted = { buffers: buffer, controlBytes: ROOM, ...request }
  const message = await patiently(on.recvmsg(wanted, flags), 'a message')
  return { ...message, text: buffer.toString('latin1', 0, Math.min(message.bytes, buffer.length)) }
}

export function sendFds(from: Socket, fds: (number | { fd: number })[], data = 'x') {
  return done(from.trySendmsg({ data: Buffer.from(data), control: [{ type: 'SCM_RIGHTS', fds }] }))
}

/** The descriptors of a message, for the test to close. */
export function fdsOf({ control }: Pick<ReceivedMessage, 'control'>): OwnedFd[] {
  return control.flatMap((each) => (each.type === 'SCM_RIGHTS' ? each.fds : []))
}

export function receiveFds(on: Socket, room: number): ReceivedMessage & { fds: OwnedFd[] } {
  const message = done(on.tryRecvmsg({ buffers: Buffer.alloc(64), controlBytes: CMSG_SPACE(room * INT) }))
  return { ...message, fds: fdsOf(message) }
}

type Narrowed<Type> = ReceivedControlMessage extends infer Each
  ? Each extends { type: infer Types }
    ? Type extends Types
      ? Each
      : never
    : never
  : never

/** The one control message that there is. */
export function only<Type extends ReceivedControlMessage['type']>(
  control: readonly ReceivedControlMessage[],
  type: Type,
): Narrowed<Type> {
  expect(control.map((each) => each.type)).toEqual([type])
  return control[0] as Narrowed<Type>
}

/** Detaches memory, also such as can't be transferred. */
export function detach(buffer: ArrayBufferLike) {
  setFlagsFromString('--allow-natives-syntax')
  new Function('buffer', '%ArrayBufferDetach(buffer)')(buffer)
  expect(buffer.byteLength).toBe(0)
}

const PRELUDE = `
import array, json, os, socket, struct, sys
def say(name, value): print(name, json.dumps(value), flush=True)
def ancillary(data): return [[level, name, bytes(value).hex()] for level, name, value in data]
def udp(host='127.0.0.1'):
    s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((host, 0))
    return s
`

/** A peer that is not ours. What it tells by `say(name, value)` is read by `said`. */
export const python = (script: string, ...args: string[]): Child =>
  Child.run('python3', ['-c', PRELUDE + script, ...args])

/** The value of the first `say` of that name. */
export async function said<Value>(child: Child, name: string): Promise<Value> {
  return JSON.parse(await child.awaitOutput(new RegExp(`^${name} (.*)\\n`, 'm')))
}

/** The port that a UDP socket has. */
export const portOf = (of: Socket) => ipAddress(of.getsockname()).port
