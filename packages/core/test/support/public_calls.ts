// Every public call of the socket API, with arguments that are right and, for each of them, values that are wrong.
import {
  AF_INET,
  AF_UNIX,
  CMSG_LEN,
  CMSG_SPACE,
  DatagramBatch,
  EncodedAddress,
  getaddrinfo,
  gethostbyaddr,
  gethostbyname,
  getnameinfo,
  htonl,
  htons,
  if_indextoname,
  if_nametoindex,
  inet_ntop,
  inet_pton,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  ntohl,
  ntohs,
  poll,
  pollNow,
  SHUT_RD,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  select,
  selectNow,
  socket,
  socketpair,
} from '@pollux/core'
import fc from 'fast-check'
import {
  type Argument,
  argument,
  batch,
  endpoint,
  entries,
  flags,
  hints,
  INT,
  int,
  loop,
  message,
  nameOf,
  request,
  type Stage,
  service,
  sets,
  view,
  views,
  wait,
} from './call_arguments.js'
import {
  noEndpoint,
  noFields,
  noInteger,
  noName,
  noPollOptions,
  noText,
  noView,
  wrongIn,
} from './wrong_values.js'

export interface Call {
  name: string
  args: Argument[]
  run(on: Stage, args: unknown[]): unknown
  /** Whether it is a method of a socket, which may be closed. */
  ofSocket: boolean
}

type Method = keyof Socket & string

/** A method on one of the sockets. */
function method(on: keyof Stage, name: Method, ...args: Argument[]): Call {
  return {
    name: `${on}.${name}`,
    args,
    ofSocket: true,
    run: (stage, given) => Reflect.apply(stage[on][name as never], stage[on], given),
  }
}

function free(run: (...args: never[]) => unknown, ...args: Argument[]): Call {
  return { name: run.name, args, ofSocket: false, run: (_, given) => Reflect.apply(run, undefined, given) }
}

function construct(made: new (...args: never[]) => unknown, ...args: Argument[]): Call {
  return {
    name: `new ${made.name}`,
    args,
    ofSocket: false,
    run: (_, given) => Reflect.construct(made, given),
  }
}

function ofBatch(name: keyof DatagramBatch & string, ...args: Argument[]): Call {
  return {
    name: `batch.${name}`,
    args,
    ofSocket: false,
    run: ({ batch }, given) => Reflect.apply(batch[name as never], batch, given),
  }
}

const index = int('index', 0, 0, 0)
const [family, type, protocol] = [
  int('family|socket', AF_UNIX, 0),
  int('type|socket', SOCK_STREAM, 0),
  int('protocol|socket', 0, 0),
]
const level = argument(
  'level',
  'SOL_SOCKET',
  fc.oneof(
    noText.filter((value) => typeof value !== 'number'),
    fc.constantFrom('', 'SOL_NONE', '__proto__', 'constructor', 'toString'),
  ),
)
const option = argument(
  'name',
  'SO_REUSEADDR',
  fc.oneof(noText, fc.constantFrom('', 'SO_NONE', '__proto__', 'toString')),
)

export const CALLS: Call[] = [
  free(socket, family, type, protocol, loop),
  free(socketpair, family, type, protocol, loop),
  {
    // No number that may be open: the descriptor of somebody else would be taken and closed.
    name: 'Socket.fromFd',
    args: [argument('fd', 0, noInteger(0, INT)), loop],
    ofSocket: false,
    run: (_, given) => Reflect.apply(Socket.fromFd, Socket, given),
  },
  method('udp', 'bind', endpoint),
  method('listener', 'listen', int('backlog', 1)),
  method('listener', 'accept', wait),
  method('udp', 'tryConnect', endpoint),
  method('udp', 'connect', endpoint, wait),
  method('stream', 'tryRecv', view('buffer'), flags),
  method('stream', 'recv', view('buffer'), flags, wait),
  method('stream', 'trySend', view('data'), flags),
  method('stream', 'send', view('data'), flags, wait),
  method('udp', 'trySend', view('data'), flags),
  method('stream', 'tryRecvfrom', view('buffer'), flags),
  method('udp', 'recvfrom', view('buffer'), flags, wait),
  method('udp', 'trySendto', view('data'), flags, endpoint),
  method('udp', 'sendto', view('data'), flags, endpoint, wait),
  method('stream', 'tryRead', view('buffer')),
  method('stream', 'read', view('buffer'), wait),
  method('stream', 'tryWrite', view('data')),
  method('stream', 'write', view('data'), wait),
  method('stream', 'tryReadv', views),
  method('stream', 'readv', views, wait),
  method('stream', 'tryWritev', views),
  method('stream', 'writev', views, wait),
  method('stream', 'trySendmsg', message, flags),
  method('stream', 'sendmsg', message, flags, wait),
  method('udp', 'trySendmsg', message, flags),
  method('stream', 'tryRecvmsg', request, flags),
  method('stream', 'recvmsg', request, flags, wait),
  method('udp', 'trySendmmsg', batch, flags),
  method('udp', 'sendmmsg', batch, flags, wait),
  method('udp', 'tryRecvmmsg', batch, flags),
  method('udp', 'recvmmsg', batch, flags, wait),
  method('stream', 'shutdown', int('how|shutdown', SHUT_RD, 0, 2)),
  method('stream', 'getsockopt', level, option),
  method(
    'stream',
    'setsockopt',
    level,
    option,
    argument(
      'SO_REUSEADDR',
      true,
      fc.oneof(fc.constantFrom<unknown>(null, undefined, 0, 1, 'true', 1n, {}, [], Symbol('s')), fc.string()),
    ),
  ),
  method('stream', 'getsockopt', int('level', 1), int('name', 2), int('maxBytes', 4, 1, 1 << 20)),
  method(
    'stream',
    'setsockopt',
    int('level', 1),
    int('name', 2),
    argument('value|SO_|option', Buffer.alloc(4, 1), noView),
  ),
  free(poll, entries, int('timeoutMs', 0, -1), argument('options', {}, noPollOptions)),
  free(pollNow, entries),
  free(select, sets, int('timeoutMs', 0, -1), argument('options', {}, noPollOptions)),
  free(selectNow, sets),
  free(
    getaddrinfo,
    argument(
      'host|getaddrinfo',
      '127.0.0.1',
      fc.oneof(
        noName.filter((value) => value !== null),
        fc.constant('x'.repeat(2000)),
      ),
    ),
    service,
    hints,
    wait,
  ),
  free(
    getnameinfo,
    argument(
      'address|host|port',
      { host: '127.0.0.1', port: 80 },
      noEndpoint.filter((value) => (value as { scopeId?: unknown } | null)?.scopeId === undefined),
    ),
    int('flags', NI_NUMERICHOST | NI_NUMERICSERV),
    wait,
  ),
  free(gethostbyname, nameOf('name', '127.0.0.1', 1025), wait),
  free(
    gethostbyaddr,
    argument('address', '127.0.0.1', fc.oneof(noName, fc.constantFrom('::1', 'localhost', ''))),
    wait,
  ),
  free(
    inet_pton,
    int('family|inet_pton', AF_INET),
    argument('text', '127.0.0.1', fc.oneof(noName, fc.constantFrom('', '1.2.3', '::', '1.2.3.4\0'))),
  ),
  free(
    inet_ntop,
    int('family|inet_ntop', AF_INET),
    argument(
      'bytes',
      new Uint8Array(4),
      fc.oneof(
        noView,
        fc.nat(3).map((bytes) => new Uint8Array(bytes)),
      ),
    ),
  ),
  free(htons, int('value', 1, 0, 65_535)),
  free(ntohs, int('value', 1, 0, 65_535)),
  free(htonl, int('value', 1, 0, 2 ** 32 - 1)),
  free(ntohl, int('value', 1, 0, 2 ** 32 - 1)),
  free(if_nametoindex, nameOf('name', 'lo', 256)),
  free(if_indextoname, int('index', 1, 0, 2 ** 32 - 1)),
  free(CMSG_SPACE, int('bytes', 4, 0, 1 << 20)),
  free(CMSG_LEN, int('bytes', 4, 0, 1 << 20)),
  construct(
    DatagramBatch,
    argument(
      'options',
      { capacity: 1, maxBytes: 1 },
      fc.oneof(
        noFields,
        wrongIn({ maxBytes: 1 }, 'capacity', noInteger(1, 1024)),
        wrongIn({ capacity: 1 }, 'maxBytes', noInteger(0, 2 ** 24)),
        fc.constant({ capacity: 1024, maxBytes: 2 ** 24 }),
      ),
    ),
  ),
  ofBatch(
    'push',
    view('data'),
    argument('address|host|path|port|scopeId', undefined, noEndpoint),
    int('segmentBytes', 0, 0, 65_535),
  ),
  ofBatch('push', argument('data', Buffer.alloc(1), fc.constant(Buffer.alloc(65)))),
  ofBatch(
    'pushFrom',
    batch,
    index,
    argument(
      'address',
      undefined,
      noFields.filter((value) => value !== undefined),
    ),
  ),
  ...(
    [
      'data',
      'dataOffset',
      'bytes',
      'datagramBytes',
      'flags',
      'segmentBytes',
      'address',
      'encodedAddress',
    ] as const
  ).map((name) => ofBatch(name, index)),
  ofBatch('setBytes', index, int('bytes', 1, 0, 64)),
  ofBatch('setSegmentBytes', index, int('bytes', 1, 0, 65_535)),
  ofBatch('setAddress', index, argument('address|host|path|port|scopeId', undefined, noEndpoint)),
  { ...free(EncodedAddress.from, endpoint), name: 'EncodedAddress.from' },
]

/** Sockets for the calls, and what to close them with. */
export function stage(): Stage & { close(): void } {
  const [stream, peer] = socketpair(AF_UNIX, SOCK_STREAM)
  const udp = socket(AF_INET, SOCK_DGRAM)
  const listener = socket(AF_INET, SOCK_STREAM)
  listener.bind({ host: '127.0.0.1', port: 0 })
  listener.listen()
  const batch = new DatagramBatch({ capacity: 4, maxBytes: 64 })
  batch.push(Buffer.alloc(8), listener.getsockname())
  return {
    stream,
    udp,
    listener,
    batch,
    close() {
      for (const each of [stream, peer, udp, listener]) each.close()
    },
  }
}
