/** What `poll` and `select` take: sockets, and descriptors of any kind. */
import { invalidArgType } from '../errors.js'
import { EventLoop } from '../event-loop.js'
import { coreOf, isSocket } from '../sockets/open-socket.js'
import type { Socket } from '../sockets/socket.js'
import { checkInteger } from '../validate.js'

const MAX_INT = 2 ** 31 - 1
const MIN_INT = -(2 ** 31)

/** Not a descriptor. poll(2) leaves it out. */
export const NO_FD = -1

/** Words of an entry in the addon's calls: the fd, what is asked for, what was found. */
export const ENTRY_WORDS = 3

/** @throws TypeError, RangeError */
export function checkDescriptor(value: unknown, name: string): Socket | number {
  if (isSocket(value)) return value as Socket
  if (typeof value !== 'number') throw invalidArgType(name, 'a Socket or of type number', value)
  return checkInteger(value, name, MIN_INT, MAX_INT)
}

export function isClosed(descriptor: Socket | number): boolean {
  return typeof descriptor !== 'number' && descriptor.closed
}

/** NO_FD for a socket that is closed. */
export function fdOf(descriptor: Socket | number): number {
  if (typeof descriptor === 'number') return descriptor
  if (descriptor.closed) return NO_FD
  const { loop, handle } = coreOf(descriptor)
  return loop.reactor.fd(handle)
}

/** The loop that was asked for, or that of the first open socket, or this thread's. @throws TypeError */
export function loopFor(loop: EventLoop | undefined, descriptors: Iterable<Socket | number>): EventLoop {
  if (loop instanceof EventLoop) return loop
  if (loop !== undefined) throw invalidArgType('options.loop', 'an instance of EventLoop', loop)
  for (const each of descriptors) {
    if (typeof each !== 'number' && !each.closed) return each.loop
  }
  return EventLoop.default()
}
