// What goes into the calls of the socket API: for each argument what is right, and what is wrong.
import { AI_NUMERICHOST, DatagramBatch, POLLIN, Socket } from '@pollux/core'
import fc from 'fast-check'
import {
  noEndpoint,
  noFields,
  noInteger,
  noLoopOptions,
  noName,
  noObject,
  noText,
  noView,
  noViews,
  noWaitOptions,
  trapIn,
  wrongIn,
} from './wrong_values.js'

export const INT = 2 ** 31 - 1
export const INT_MIN = -(2 ** 31)

export interface Argument {
  /** What the error has to speak of. */
  name: RegExp
  right: (on: Stage) => unknown
  wrong: fc.Arbitrary<unknown>
}

/** Sockets that the calls are made on. */
export interface Stage {
  stream: Socket
  udp: Socket
  listener: Socket
  batch: DatagramBatch
}

export const argument = (name: string, right: unknown, wrong: fc.Arbitrary<unknown>): Argument => ({
  name: new RegExp(name),
  right: () => right,
  wrong,
})
export const int = (name: string, right: number, min = INT_MIN, max = INT) =>
  argument(name, right, noInteger(min, max))
export const flags = int('flags', 0)
export const view = (name: string): Argument => ({
  name: new RegExp(name),
  right: () => Buffer.alloc(8),
  wrong: noView,
})
export const views: Argument = {
  name: /buffers/,
  right: () => [Buffer.alloc(4), Buffer.alloc(4)],
  wrong: noViews,
}
export const endpoint = argument('address|host|path|port|scopeId', { host: '127.0.0.1', port: 9 }, noEndpoint)
export const wait = argument('options', { timeoutMs: 0 }, noWaitOptions)
export const loop = argument('options|loop', {}, noLoopOptions)
export const nameOf = (name: string, right: string, maxBytes: number) =>
  argument(
    name,
    right,
    fc.oneof(noName, fc.constant('x'.repeat(maxBytes)), fc.constant('é'.repeat(maxBytes))),
  )

export const batch: Argument = {
  name: /batch/,
  right: (on) => on.batch,
  wrong: fc.oneof(noFields, fc.constant(Object.create(DatagramBatch.prototype))),
}

const DESCRIPTORS = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    {},
    [],
    Object.create(Socket.prototype),
    '3',
    3n,
    1.5,
    Number.NaN,
    2 ** 40,
  ),
)

export const entries: Argument = {
  name: /entries/,
  right: (on) => [{ socket: on.stream, events: POLLIN }],
  wrong: fc.oneof(
    noFields.filter((value) => !Array.isArray(value)),
    noFields.map((wrong) => [wrong]),
    DESCRIPTORS.map((wrong) => [{ socket: wrong, events: POLLIN }]),
    wrongIn({ socket: 0 }, 'events', noInteger(INT_MIN, INT)).map((wrong) => [wrong]),
    trapIn({ socket: 0, events: 1 }, 'events').map((wrong) => [wrong]),
    fc.constantFrom(1, 3, 2 ** 32 - 1).map((length) => new Array(length)),
  ),
}

export const sets: Argument = {
  name: /sets|read|write|except/,
  right: (on) => ({ read: [on.stream] }),
  wrong: fc.oneof(
    noObject,
    fc
      .tuple(
        fc.constantFrom('read', 'write', 'except'),
        fc.oneof(
          noObject.filter((value) => value !== ''),
          DESCRIPTORS.map((wrong) => [wrong]),
          fc.integer({ min: 1024, max: INT }).map((fd) => [fd]),
          fc.integer({ min: INT_MIN, max: -1 }).map((fd) => [fd]),
        ),
      )
      .map(([name, wrong]) => ({ [name]: wrong })),
    trapIn({}, 'read'),
  ),
}

const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0

/** No bytes at all may be sent, and received; and no descriptors with them. */
const noData = fc.oneof(noViews, noView).filter((value) => !isEmpty(value))

const CONTROL = fc.oneof(
  noFields,
  wrongIn(
    {},
    'type',
    fc.oneof(noText, fc.constantFrom('', 'SCM_WRONG', 'UDP_GRO', 'SO_TIMESTAMP', '__proto__')),
  ),
  wrongIn(
    { type: 'SCM_RIGHTS' },
    'fds',
    fc.oneof(
      noFields.filter((value) => !isEmpty(value)),
      DESCRIPTORS.filter((value) => !(value instanceof Socket)).map((wrong) => [wrong]),
    ),
  ),
  wrongIn(
    { type: 'SCM_RIGHTS' },
    'fds',
    fc.constantFrom(1, 2 ** 32 - 1).map((length) => new Array(length)),
  ),
  wrongIn(
    { type: 'SCM_RIGHTS' },
    'fds',
    noInteger(0, INT).map((wrong) => [wrong]),
  ),
  trapIn({ type: 'SCM_RIGHTS' }, 'fds'),
  wrongIn({ type: 'SCM_CREDENTIALS', uid: 0, gid: 0 }, 'pid', noInteger(0, INT)),
  wrongIn({ type: 'IP_TTL' }, 'ttl', noInteger(1, 255)),
  wrongIn({ type: 'IP_TOS' }, 'tos', noInteger(0, 255)),
  wrongIn({ type: 'IP_PKTINFO', interfaceIndex: 0 }, 'address', fc.oneof(noText, fc.constant('::1'))),
  wrongIn(
    { type: 'IPV6_PKTINFO', interfaceIndex: 0 },
    'address',
    fc.oneof(noText, fc.constant('fe80::1%lo')),
  ),
  wrongIn({ type: 'UDP_SEGMENT' }, 'bytes', noInteger(0, 65_535)),
  wrongIn({ type: 'unknown', level: 9999, name: 1 }, 'data', noView),
  wrongIn({ type: 'unknown', name: 1, data: Buffer.alloc(1) }, 'level', noInteger(INT_MIN, INT)),
)

export const message = argument(
  'message|address|control|data|host|path|port|sendmsg|scopeId',
  { data: Buffer.from('x') },
  fc.oneof(
    noObject,
    fc.constant(undefined),
    wrongIn(
      {},
      'data',
      noData.filter((value) => value !== undefined),
    ),
    wrongIn({ data: Buffer.alloc(1) }, 'address', noEndpoint),
    wrongIn(
      { data: Buffer.alloc(1) },
      'control',
      noFields.filter((value) => value !== undefined && !Array.isArray(value)),
    ),
    CONTROL.map((wrong) => ({ data: Buffer.alloc(1), control: [wrong] })),
    fc.constantFrom(1, 2 ** 32 - 1).map((length) => ({ data: Buffer.alloc(1), control: new Array(length) })),
    trapIn({}, 'data'),
  ),
)

export const request = argument(
  'request|buffers|controlBytes',
  { buffers: Buffer.alloc(8) },
  fc.oneof(
    noFields,
    wrongIn({}, 'buffers', noData),
    wrongIn({ buffers: Buffer.alloc(1) }, 'controlBytes', noInteger(0, 1 << 20)),
    trapIn({}, 'buffers'),
  ),
)

export const hints = argument(
  'hints',
  { flags: AI_NUMERICHOST },
  fc.oneof(
    noObject,
    ...['flags', 'family', 'socktype', 'protocol'].map((field) =>
      wrongIn(
        {},
        field,
        noInteger(INT_MIN, INT).filter((value) => value !== null),
      ),
    ),
    trapIn({}, 'flags'),
  ),
)

export const service = argument(
  'service|port',
  80,
  fc.oneof(
    noName.filter((value) => value !== null && typeof value !== 'number'),
    noInteger(0, 65_535).filter((value) => value !== null && typeof value !== 'string'),
  ),
)
