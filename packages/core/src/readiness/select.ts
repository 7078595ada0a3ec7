/** select(2): which sockets and other descriptors are ready, and waiting until one is. */
import {
  FD_SETSIZE,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../constants.js'
import { ErrorCode, invalidArgType, outOfRange, SocketError } from '../errors.js'
import { native } from '../native.js'
import type { Socket } from '../sockets/socket.js'
import { failureMessage, systemError } from '../system-error.js'
import { checkObject } from '../validate.js'
import { checkDescriptor, ENTRY_WORDS, fdOf, isClosed } from './descriptors.js'
import { ask, checkPollOptions, type PollOptions, type Question } from './waiting-call.js'

/** The sets in words of the addon, and what poll(2) calls what they are about. */
const SETS = [
  { name: 'read', bit: 1, events: POLLIN | POLLRDNORM | POLLRDBAND },
  { name: 'write', bit: 2, events: POLLOUT | POLLWRNORM | POLLWRBAND },
  { name: 'except', bit: 4, events: POLLPRI },
] as const

/** What to look at, and for what: the three sets of select(2). */
export interface SelectSets {
  /** Until there is something to read: data, a connection to accept, the end, or an error. */
  read?: Iterable<Socket | number>
  /** Until there is room to send, a connect finished, or there is an error. */
  write?: Iterable<Socket | number>
  /** Until there is urgent data (MSG_OOB). */
  except?: Iterable<Socket | number>
}

/** Those of each set that are ready, in their order. */
export interface SelectResult {
  read: (Socket | number)[]
  write: (Socket | number)[]
  except: (Socket | number)[]
}

/**
 * select(2): waits until at least one descriptor of a set is ready, and tells which. When the time is over the sets are
 * empty. The event loop goes on meanwhile, and the process stays alive.
 *
 * {@link poll} does all of this and more, with any fd. Here a descriptor of FD_SETSIZE (1024) or more is a RangeError: a
 * set cannot hold it.
 *
 * @param timeoutMs milliseconds; 0: look only; -1 (the default): wait for ever
 * @throws (rejects) TypeError, RangeError; SocketError EBADF (an fd that is not open), ERR_POLLUX_CLOSED (a socket or
 *   the loop is or was closed), EAGAIN (no thread to wait with); the reason of `signal`
 *
 * @example
 * ```ts
 * import { AF_UNIX, SOCK_STREAM, select, socketpair } from '@pollux/core'
 *
 * const [near, far] = socketpair(AF_UNIX, SOCK_STREAM)
 * far.trySend(Buffer.from('hello'))
 * const { read } = await select({ read: [near, far] }, 1000)
 * console.log(read.length, read[0] === near) // 1 true
 * near.close()
 * far.close()
 * ```
 */
export async function select(sets: SelectSets, timeoutMs = -1, options?: PollOptions): Promise<SelectResult> {
  const { signal, loop } = checkPollOptions(options)
  return ask(new SelectQuestion(sets), loop, timeoutMs, signal)
}

/**
 * {@link select} with a timeout of 0, at once: one system call.
 *
 * @throws TypeError, RangeError; SocketError EBADF, ERR_POLLUX_CLOSED
 */
export function selectNow(sets: SelectSets): SelectResult {
  const question = new SelectQuestion(sets)
  return question.look() ?? question.nothing()
}

class SelectQuestion implements Question<SelectResult> {
  readonly syscall = 'select'
  readonly descriptors: (Socket | number)[] = []
  /** Each descriptor of each set is an entry of its own. */
  private readonly words: Int32Array

  constructor(sets: SelectSets) {
    checkObject(sets, 'sets')
    const words: number[] = []
    for (const { name, bit } of SETS) {
      for (const each of elements(sets[name], name)) {
        const descriptor = checkDescriptor(each, name)
        checkOpen(descriptor)
        words.push(checkFd(fdOf(descriptor), name), bit, 0)
        this.descriptors.push(descriptor)
      }
    }
    this.words = Int32Array.from(words)
  }

  *wanted(): Iterable<{ fd: number; events: number }> {
    const { words } = this
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      for (const { bit, events } of SETS) {
        if (words[at + 1] === bit) yield { fd: words[at], events }
      }
    }
  }

  look(): SelectResult | undefined {
    for (const each of this.descriptors) checkOpen(each)
    const { words } = this
    const count = native.selectNow(words)
    if (count < 0) throw this.explain(count)
    if (count === 0) return undefined
    const result = this.nothing()
    for (const [i, each] of this.descriptors.entries()) {
      const ready = words[i * ENTRY_WORDS + 2]
      for (const { name, bit } of SETS) if (ready & bit) result[name].push(each)
    }
    return result
  }

  nothing(): SelectResult {
    return { read: [], write: [], except: [] }
  }

  /** EBADF does not say which: poll(2) does. */
  private explain(errno: number): SocketError {
    const error = systemError(errno, 'select')
    const words = Int32Array.from(this.words)
    if (error.code !== 'EBADF' || native.pollNow(words) <= 0) return error
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      if ((words[at + 2] & POLLNVAL) === 0) continue
      const message = failureMessage('select', `fd ${words[at]}`, 'not an open file descriptor', error.code)
      return new SocketError(message, { code: error.code, errno: error.errno, syscall: 'select' })
    }
    return error
  }
}

function elements(set: unknown, name: string): Iterable<unknown> {
  if (set === undefined) return []
  if (typeof set === 'object' && set !== null && Symbol.iterator in set) return set as Iterable<unknown>
  throw invalidArgType(name, 'an iterable of Sockets and numbers', set)
}

function checkFd(fd: number, name: string): number {
  if (fd >= 0 && fd < FD_SETSIZE) return fd
  const range = `an fd of 0 to ${FD_SETSIZE - 1} (FD_SETSIZE is ${FD_SETSIZE}); poll() takes larger ones`
  throw outOfRange(name, range, fd)
}

function checkOpen(descriptor: Socket | number): void {
  if (!isClosed(descriptor)) return
  const message = failureMessage('select', '', 'a socket in a set is closed', ErrorCode.CLOSED)
  throw new SocketError(message, { code: ErrorCode.CLOSED, syscall: 'select' })
}
