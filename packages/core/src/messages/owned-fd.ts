/** Descriptors that arrive with a message: each has an owner from the moment it is there. */
import { closeSync } from 'node:fs'
import { ErrorCode, SocketError } from '../errors.js'
import { EventLoop } from '../event-loop.js'
import { Socket } from '../sockets/socket.js'
import { systemError } from '../system-error.js'

/** In place of the handle: closed, or given away. */
const NO_HANDLE = -1

/** For the modules of this package: the owner of a descriptor that a reactor holds. */
export let ownedFdOf: (loop: EventLoop, handle: number) => OwnedFd

/** What an owner leaves behind when it is collected while its descriptor is open. */
interface Estate {
  loop: EventLoop
  handle: number
}

const abandoned = new FinalizationRegistry<Estate>(({ loop, handle }) => {
  if (loop.isClosed) return
  const fd = loop.reactor.fd(handle)
  if (loop.reactor.closeNow(handle) < 0) return
  process.emitWarning(
    `A file descriptor (${fd}) that arrived in a message was garbage-collected while it was open, and is closed now. ` +
      'Call close(), detach() or toSocket() on every OwnedFd.',
    { type: 'PolluxWarning', code: 'POLLUX_FD_COLLECTED' },
  )
})

/**
 * A file descriptor of any kind that came with a message (SCM_RIGHTS in unix(7)): close-on-exec, and this object's to
 * close. The end of its event loop, or of the worker thread, closes it too; so does the collector when nobody refers
 * to this object any more, with a process warning, because that is a bug.
 *
 * It does not keep the process alive. O_NONBLOCK is as the sender left it: that belongs to the open file.
 *
 * @example
 * ```ts
 * import { writeSync } from 'node:fs'
 * import { AF_UNIX, CMSG_SPACE, OwnedFd, SOCK_STREAM, socketpair, WOULD_BLOCK } from '@pollux/core'
 *
 * const [near, far] = socketpair(AF_UNIX, SOCK_STREAM)
 * near.trySendmsg({ data: Buffer.from('stdout'), control: [{ type: 'SCM_RIGHTS', fds: [1] }] })
 * const message = far.tryRecvmsg({ buffers: Buffer.alloc(16), controlBytes: CMSG_SPACE(4) })
 * if (message !== WOULD_BLOCK && message.control[0]?.type === 'SCM_RIGHTS') {
 *   using out = message.control[0].fds[0]
 *   writeSync(out.fd, 'through a descriptor that was passed\n')
 * }
 * near.close()
 * far.close()
 * ```
 */
export class OwnedFd {
  readonly #loop: EventLoop
  #handle: number

  static {
    ownedFdOf = (loop, handle) => new OwnedFd(loop, handle)
  }

  private constructor(loop: EventLoop, handle: number) {
    if (!(loop instanceof EventLoop)) throw new TypeError('an OwnedFd comes with a message, it is not made')
    this.#loop = loop
    this.#handle = handle
    abandoned.register(this, { loop, handle }, this)
  }

  /** Whether it was closed or given away, or its loop was closed. */
  get closed(): boolean {
    return this.#handle === NO_HANDLE || this.#loop.isClosed
  }

  /**
   * The descriptor's number. It stays this object's.
   *
   * @throws SocketError ERR_POLLUX_CLOSED
   */
  get fd(): number {
    return this.#loop.reactor.fd(this.#open())
  }

  /** close(2). Idempotent. */
  close(): void {
    if (!this.closed) this.#loop.reactor.closeNow(this.#release())
  }

  /**
   * Gives the descriptor away: it stays open and is the caller's to close.
   *
   * @throws SocketError ERR_POLLUX_CLOSED
   */
  detach(): number {
    this.#open()
    return this.#loop.reactor.detach(this.#release())
  }

  /**
   * Makes a socket of it, nonblocking, on the same loop; this object is closed then.
   *
   * @throws SocketError ENOTSOCK (it is something else, and stays this object's), ERR_POLLUX_CLOSED
   */
  toSocket(): Socket {
    const kind = this.#loop.reactor.describe(this.#open())
    if (typeof kind === 'number') throw systemError(kind, 'getsockopt')
    const fd = this.detach()
    try {
      return Socket.fromFd(fd, { loop: this.#loop })
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(): number {
    if (!this.closed) return this.#handle
    throw new SocketError('the descriptor is closed, or was given away', { code: ErrorCode.CLOSED })
  }

  /** Its handle, which nobody but the caller will close from here on. */
  #release(): number {
    const handle = this.#handle
    this.#handle = NO_HANDLE
    abandoned.unregister(this)
    return handle
  }
}
