// Channels under test, and peers that are not Pollux: node:dgram in this process, python3 in another.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  type BackendName,
  DatagramChannel,
  type DatagramHandlers,
  type DatagramOptions,
  EventLoop,
  type IpAddress,
} from '@pollux/core'
import { afterEach } from 'vitest'
import { Child, endChildren } from '../../../../native-poll/test/support/child.js'
import { checkFds } from '../../../../native-poll/test/support/leaks.js'
import { patiently } from '../../../../native-poll/test/support/patience.js'

const loops = new Set<EventLoop>()
const sockets = new Set<Socket>()

/** Every test of the file leaves no descriptor and no process behind. */
export function leaveNothingBehind() {
  checkFds()
  // Hooks run in the reverse order: this before the look at what is open.
  afterEach(() => {
    for (const loop of loops) loop.close()
    loops.clear()
    for (const socket of sockets) socket.close()
    sockets.clear()
    endChildren()
  })
}

export function loopOn(backend: BackendName, options: ConstructorParameters<typeof EventLoop>[0] = {}) {
  const loop = new EventLoop({ backend, ...options })
  loops.add(loop)
  return loop
}

export const HERE = { host: '127.0.0.1', port: 0 }

/** A channel on 127.0.0.1 that answers, unless told otherwise. */
export function openChannel(
  loop: EventLoop,
  handlers: Partial<DatagramHandlers> = {},
  options: DatagramOptions = {},
): DatagramChannel {
  return DatagramChannel.open(
    { loop, bind: HERE, ...options },
    { datagram: (channel) => channel.reply(), ...handlers },
  )
}

export const portOf = (channel: DatagramChannel) => (channel.localAddress as IpAddress).port

/** Resolves when `check` is true; `look` is to be called whenever something has happened. */
export class Waiter {
  private waiting: (() => void) | null = null

  look() {
    this.waiting?.()
  }

  until(what: string | (() => string), check: () => boolean): Promise<void> {
    const done = new Promise<void>((resolve) => {
      this.waiting = () => check() && resolve()
      this.look()
    })
    return patiently(done, what)
  }
}

/** A node:dgram socket. */
export class UdpPeer {
  readonly received: Buffer[] = []
  readonly from: RemoteInfo[] = []
  private readonly waiter = new Waiter()

  private constructor(readonly socket: Socket) {
    sockets.add(socket)
    socket.on('message', (bytes, from) => {
      this.received.push(bytes)
      this.from.push(from)
      this.waiter.look()
    })
  }

  static async bind(host = '127.0.0.1'): Promise<UdpPeer> {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 })
    socket.bind(0, host)
    await once(socket, 'listening')
    return new UdpPeer(socket)
  }

  get port(): number {
    return this.socket.address().port
  }

  /** Resolves when the kernel has taken it. */
  send(bytes: Uint8Array | string, port: number): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      const { address } = this.socket.address()
      this.socket.send(bytes, port, address, (error) => (error ? reject(error) : resolve()))
    })
    return patiently(sent, 'the kernel to take a datagram')
  }

  async awaitCount(count: number): Promise<Buffer[]> {
    await this.waiter.until(
      () => `${count} datagrams at the peer, which has ${this.received.length}`,
      () => this.received.length >= count,
    )
    return this.received
  }
}

/** Runs a python3 program whose arguments follow; it talks over its output. */
export function python(program: string, ...args: (string | number)[]): Child {
  return Child.run('python3', ['-u', '-c', `import os, socket, sys\n${program}`, ...args.map(String)])
}

/** Whether this build has UDP_SEGMENT and UDP_GRO. */
export const OFFLOAD = process.platform === 'linux' && process.env.POLLUX_NATIVE_TARGET !== 'posix'

/** Sends each datagram of `sizes` to the port and checks the answer, which must be the same bytes. */
export const PYTHON_CLIENT = `
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.settimeout(15)
for size in map(int, sys.argv[3:]):
    data = os.urandom(size)
    assert s.sendto(data, (sys.argv[1], int(sys.argv[2]))) == size
    answer, sender = s.recvfrom(70000)
    assert answer == data and sender[1] == int(sys.argv[2]), (size, len(answer), sender)
print('done')
`
