/** dup(2) by way of unix(7): Node.js has no call for it, and a message with SCM_RIGHTS does the same. */
import { AF_UNIX, CMSG_SPACE, SOCK_STREAM, socketpair, WOULD_BLOCK } from '@pollux/core'

/** Bytes of one descriptor in a control message: a C int. */
const INT_BYTES = 4

/**
 * Another descriptor of the same open file, close-on-exec, the caller's to close.
 *
 * @throws SocketError EBADF, EMFILE, …
 */
export function duplicate(fd: number): number {
  const [here, there] = socketpair(AF_UNIX, SOCK_STREAM)
  try {
    here.trySendmsg({ data: Buffer.alloc(1), control: [{ type: 'SCM_RIGHTS', fds: [fd] }] })
    const message = there.tryRecvmsg({ buffers: Buffer.alloc(1), controlBytes: CMSG_SPACE(INT_BYTES) })
    const rights = message === WOULD_BLOCK ? undefined : message.control[0]
    if (rights?.type !== 'SCM_RIGHTS') throw new Error('no descriptor arrived with the message')
    return rights.fds[0].detach()
  } finally {
    here.close()
    there.close()
  }
}
