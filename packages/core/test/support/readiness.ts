// States that descriptors can be in, made with our sockets, and what python3's poll says of the same ones.
import { execFileSync } from 'node:child_process'
import { constants as files, openSync } from 'node:fs'
import { join } from 'node:path'
import {
  AF_INET,
  AF_UNIX,
  type EventLoop,
  type IpAddress,
  MSG_OOB,
  pollNow,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
  socket,
  socketpair,
  WOULD_BLOCK,
} from '@pollux/core'

export const unixPair = (loop: EventLoop) => socketpair(AF_UNIX, SOCK_STREAM, 0, { loop })

function listening(loop: EventLoop) {
  const listener = socket(AF_INET, SOCK_STREAM, 0, { loop })
  listener.bind({ host: '127.0.0.1', port: 0 })
  listener.listen()
  return { listener, address: listener.getsockname() as IpAddress }
}

export async function tcpPair(loop: EventLoop): Promise<[near: Socket, far: Socket]> {
  const { listener, address } = listening(loop)
  const far = socket(AF_INET, SOCK_STREAM, 0, { loop })
  const [{ socket: near }] = await Promise.all([listener.accept(), far.connect(address)])
  listener.close()
  return [near, far]
}

/** Both ends of a pipe with a name, nonblocking; the caller closes them. */
export function fifo(folder: string, name: string): { reader: number; writer: number } {
  const path = join(folder, name)
  execFileSync('mkfifo', [path])
  const reader = openSync(path, files.O_RDONLY | files.O_NONBLOCK)
  return { reader, writer: openSync(path, files.O_WRONLY | files.O_NONBLOCK) }
}

/** Sends until the kernel takes no more. */
export function fill(sender: Socket) {
  while (sender.trySend(Buffer.alloc(64 * 1024)) !== WOULD_BLOCK) {}
}

/** Closed with unread data, a TCP socket resets its connection: no option is needed. */
export function reset(near: Socket, far: Socket) {
  near.trySend(Buffer.from('unread'))
  far.close()
}

/** For each state, a socket in it. The names are those of PYTHON. */
export const STATES: Record<string, (loop: EventLoop) => Promise<Socket> | Socket> = {
  connected: async (loop) => (await tcpPair(loop))[0],
  data: async (loop) => {
    const [near, far] = await tcpPair(loop)
    far.trySend(Buffer.from('x'))
    return near
  },
  urgent: async (loop) => {
    const [near, far] = await tcpPair(loop)
    far.trySend(Buffer.from('!'), MSG_OOB)
    return near
  },
  'urgent behind data': async (loop) => {
    const [near, far] = await tcpPair(loop)
    far.trySend(Buffer.from('x'))
    far.trySend(Buffer.from('!'), MSG_OOB)
    return near
  },
  'half-closed by the peer': async (loop) => {
    const [near, far] = await tcpPair(loop)
    far.shutdown(SHUT_WR)
    return near
  },
  'half-closed by us': async (loop) => {
    const [near] = await tcpPair(loop)
    near.shutdown(SHUT_WR)
    return near
  },
  'closed by both': async (loop) => {
    const [near, far] = await tcpPair(loop)
    far.shutdown(SHUT_WR)
    near.shutdown(SHUT_WR)
    return near
  },
  reset: async (loop) => {
    const [near, far] = await tcpPair(loop)
    reset(near, far)
    return near
  },
  full: async (loop) => {
    const [near] = await tcpPair(loop)
    fill(near)
    return near
  },
  refused: (loop) => {
    const { listener, address } = listening(loop)
    listener.close()
    const near = socket(AF_INET, SOCK_STREAM, 0, { loop })
    near.tryConnect(address)
    return near
  },
  unconnected: (loop) => socket(AF_INET, SOCK_STREAM, 0, { loop }),
  listening: (loop) => listening(loop).listener,
  'listening with one to accept': (loop) => {
    const { listener, address } = listening(loop)
    socket(AF_INET, SOCK_STREAM, 0, { loop }).tryConnect(address)
    return listener
  },
  datagrams: (loop) => socket(AF_INET, SOCK_DGRAM, 0, { loop }),
  'datagram refused': (loop) => {
    const gone = socket(AF_INET, SOCK_DGRAM, 0, { loop })
    gone.bind({ host: '127.0.0.1', port: 0 })
    const near = socket(AF_INET, SOCK_DGRAM, 0, { loop })
    near.tryConnect(gone.getsockname())
    gone.close()
    near.trySend(Buffer.from('x'))
    return near
  },
  unix: (loop) => unixPair(loop)[0],
  'unix closed by the peer': (loop) => {
    const [near, far] = unixPair(loop)
    far.close()
    return near
  },
  'unix full': (loop) => {
    const [near] = unixPair(loop)
    fill(near)
    return near
  },
}

const PYTHON = `
import json, select, socket
keep = []
def tcp():
    listener = socket.create_server(('127.0.0.1', 0))
    far = socket.create_connection(listener.getsockname())
    near, _ = listener.accept()
    keep.extend([near, far])
    listener.close()
    return near, far
def unix():
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    keep.extend(pair)
    return pair
def fill(sender):
    sender.setblocking(False)
    try:
        while True: sender.send(bytes(65536))
    except BlockingIOError: return sender
def connected(): return tcp()[0]
def data(): near, far = tcp(); far.send(b'x'); return near
def urgent(): near, far = tcp(); far.send(b'!', socket.MSG_OOB); return near
def behind(): near, far = tcp(); far.send(b'x'); far.send(b'!', socket.MSG_OOB); return near
def half_peer(): near, far = tcp(); far.shutdown(socket.SHUT_WR); return near
def half_us(): near, far = tcp(); near.shutdown(socket.SHUT_WR); return near
def both(): near, far = tcp(); far.shutdown(socket.SHUT_WR); near.shutdown(socket.SHUT_WR); return near
def reset(): near, far = tcp(); near.send(b'unread'); far.close(); return near
def full(): return fill(tcp()[0])
def refused():
    listener = socket.create_server(('127.0.0.1', 0))
    address = listener.getsockname()
    listener.close()
    near = socket.socket()
    near.setblocking(False)
    near.connect_ex(address)
    return near
def unconnected(): return socket.socket()
def listening(): return socket.create_server(('127.0.0.1', 0))
def accepting():
    listener = listening()
    keep.append(socket.create_connection(listener.getsockname()))
    return listener
def datagrams(): return socket.socket(type=socket.SOCK_DGRAM)
def datagram_refused():
    gone = datagrams()
    gone.bind(('127.0.0.1', 0))
    near = datagrams()
    near.connect(gone.getsockname())
    gone.close()
    near.send(b'x')
    return near
def unix_closed(): near, far = unix(); far.close(); return near
states = {
    'connected': connected, 'data': data, 'urgent': urgent, 'urgent behind data': behind,
    'half-closed by the peer': half_peer, 'half-closed by us': half_us, 'closed by both': both, 'reset': reset,
    'full': full, 'refused': refused, 'unconnected': unconnected, 'listening': listening,
    'listening with one to accept': accepting, 'datagrams': datagrams, 'datagram refused': datagram_refused,
    'unix': lambda: unix()[0], 'unix closed by the peer': unix_closed, 'unix full': lambda: fill(unix()[0]),
}
def settled(near, events):
    seen = None
    for _ in range(3):
        poll = select.poll()
        poll.register(near, events)
        now = dict(poll.poll(20)).get(near.fileno(), 0)
        if now == seen: break
        seen = now
    return seen
found = {}
for name, make in states.items():
    near = make()
    keep.append(near)
    every = select.POLLIN | select.POLLOUT | select.POLLPRI | getattr(select, 'POLLRDHUP', 0)
    sets = select.select([near], [near], [near], 0)
    found[name] = {'all': settled(near, every), 'none': settled(near, 0), 'sets': [len(each) for each in sets]}
print(json.dumps(found))
`

/** What python3's select module says of each state. */
export interface Verdict {
  /** revents where POLLIN, POLLOUT, POLLPRI and POLLRDHUP are asked for. */
  all: number
  /** revents where nothing is asked for. */
  none: number
  /** Whether it is in each set of select: 0 or 1. */
  sets: [read: number, write: number, except: number]
}

export const pythonVerdicts = (): Record<string, Verdict> =>
  JSON.parse(execFileSync('python3', ['-c', PYTHON], { encoding: 'utf8' }))

/** revents of one look. */
export const revents = (of: Socket | number, events: number) => pollNow([{ socket: of, events }])[0].revents
