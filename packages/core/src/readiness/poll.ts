/** poll(2): whether sockets and other descriptors are ready, and waiting until one is. */
import { POLLNVAL } from '../constants.js'
import { native } from '../native.js'
import type { Socket } from '../sockets/socket.js'
import { systemError } from '../system-error.js'
import { checkArray, checkInteger, checkObject } from '../validate.js'
import { checkDescriptor, ENTRY_WORDS, fdOf, isClosed, NO_FD } from './descriptors.js'
import { ask, checkPollOptions, type PollOptions, type Question } from './waiting-call.js'

export type { PollOptions } from './waiting-call.js'

/** `short` in struct pollfd. */
const MAX_EVENTS = 0x7fff

/** What to look at, and for what: `struct pollfd` of poll(2). */
export interface PollEntry {
  /** A socket, or the fd of anything. A negative one is left out: its `revents` are 0. */
  socket: Socket | number
  /** POLLIN, POLLOUT, POLLPRI, …; 0: only errors and hang-ups, which are always reported. */
  events: number
}

/** An entry, and what was found. */
export interface PollResult extends PollEntry {
  /**
   * What is so: bits of `events`, and beside them POLLERR, POLLHUP, or POLLNVAL (not open, or a socket that was
   * closed). 0: nothing.
   */
  revents: number
}

/**
 * poll(2): waits until at least one of the entries is ready, and tells which: all entries, in their order, each with its
 * `revents`. When the time is over all `revents` are 0. The event loop goes on meanwhile, and the process stays alive.
 *
 * The same descriptor may come more than once. A {@link Socket} that is closed while it is polled is reported with
 * POLLNVAL; what becomes of a plain fd that is closed meanwhile is not specified, as in POSIX.
 *
 * @param timeoutMs milliseconds; 0: look only; -1 (the default): wait for ever
 * @throws (rejects) TypeError, RangeError; SocketError EINVAL (more entries than RLIMIT_NOFILE), ENOMEM, EAGAIN (no
 *   thread to wait with), ERR_POLLUX_CLOSED (the loop was closed); the reason of `signal`
 *
 * @example
 * ```ts
 * import { AF_UNIX, POLLIN, poll, SOCK_STREAM, socketpair } from '@pollux/core'
 *
 * const [near, far] = socketpair(AF_UNIX, SOCK_STREAM)
 * far.trySend(Buffer.from('hello'))
 * for (const { socket, revents } of await poll([{ socket: near, events: POLLIN }], 1000)) {
 *   if (revents & POLLIN) console.log(`fd ${near.fd} is readable`, socket === near)
 * }
 * near.close()
 * far.close()
 * ```
 */
export async function poll(
  entries: readonly PollEntry[],
  timeoutMs = -1,
  options?: PollOptions,
): Promise<PollResult[]> {
  const { signal, loop } = checkPollOptions(options)
  return ask(new PollQuestion(entries), loop, timeoutMs, signal)
}

/**
 * {@link poll} with a timeout of 0, at once: one system call.
 *
 * @throws TypeError, RangeError; SocketError EINVAL (more entries than RLIMIT_NOFILE), ENOMEM
 */
export function pollNow(entries: readonly PollEntry[]): PollResult[] {
  const question = new PollQuestion(entries)
  question.look()
  return question.results()
}

class PollQuestion implements Question<PollResult[]> {
  readonly syscall = 'poll'
  readonly descriptors: readonly (Socket | number)[]
  private readonly words: Int32Array

  constructor(entries: readonly PollEntry[]) {
    const asked: number[] = []
    this.descriptors = checkArray(entries, 'entries', 'an instance of Array', (entry, name) => {
      const { socket, events } = checkObject(entry, name) as PollEntry
      asked.push(checkInteger(events, `${name}.events`, 0, MAX_EVENTS))
      return checkDescriptor(socket, `${name}.socket`)
    })
    this.words = Int32Array.from(this.descriptors.flatMap((each, i) => [fdOf(each), asked[i], 0]))
  }

  *wanted(): Iterable<{ fd: number; events: number }> {
    const { words } = this
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      if (words[at] >= 0) yield { fd: words[at], events: words[at + 1] }
    }
  }

  look(): PollResult[] | undefined {
    let closed = false
    for (const [i, each] of this.descriptors.entries()) {
      if (!isClosed(each)) continue
      closed = true
      // The number may be somebody else's by now.
      this.words[i * ENTRY_WORDS] = NO_FD
    }
    const count = native.pollNow(this.words)
    if (count < 0) throw systemError(count, 'poll')
    return count > 0 || closed ? this.results() : undefined
  }

  nothing(): PollResult[] {
    return this.results()
  }

  /** As of the last look. */
  results(): PollResult[] {
    const { words } = this
    return this.descriptors.map((socket, i) => ({
      socket,
      events: words[i * ENTRY_WORDS + 1],
      revents: isClosed(socket) ? POLLNVAL : words[i * ENTRY_WORDS + 2],
    }))
  }
}
