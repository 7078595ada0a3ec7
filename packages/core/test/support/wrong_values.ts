// Values that are plainly wrong for an argument of some kind, as fast-check draws them.
import fc from 'fast-check'

/** What a getter of ours throws: whoever reads it may pass it on, as it is. */
export class Trap extends Error {}

function spring(): never {
  throw new Trap('a getter that throws')
}

/** Stands for an object that cannot be looked at, which fast-check does; {@link made} makes it. */
export class Unruly {
  constructor(
    readonly name: string,
    readonly make: () => unknown,
  ) {}
}

const UNRULY = [
  new Unruly('revoked proxy', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }),
  new Unruly(
    'proxy that throws',
    () => new Proxy({}, { get: spring, has: spring, ownKeys: spring, getPrototypeOf: spring }),
  ),
  new Unruly('no prototype', () => Object.create(null)),
  new Unruly('throwing constructor', () => Object.defineProperty({}, 'constructor', { get: spring })),
  new Unruly('symbol as a name', () => ({ constructor: { name: Symbol('no text') } })),
  new Unruly('no text', () => ({ toString: spring, valueOf: spring, [Symbol.toPrimitive]: spring })),
  new Unruly('throwing name', () => Object.defineProperty(() => {}, 'name', { get: spring })),
]

/** A copy of the value, with what is {@link Unruly} in it made. Getters are not run. */
export function made(value: unknown): unknown {
  if (value instanceof Unruly) return value.make()
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) return value
  const properties = Object.getOwnPropertyDescriptors(value)
  for (const property of Object.values(properties)) {
    if ('value' in property) property.value = made(property.value)
  }
  return Object.defineProperties(Array.isArray(value) ? [] : {}, properties)
}

/** Anything that is no object. */
export const noObject = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, Number.NaN, 10n, '', 'text', Symbol('symbol')),
  fc.string(),
  fc.double(),
)

const oddity = fc.constantFrom<() => unknown>(
  ...UNRULY.map((unruly) => () => unruly),
  () => [],
  () => [1],
  () => new Date(),
  () => new Uint8Array(8),
  () => new ArrayBuffer(8),
  () => Object(1),
  () => () => 1,
  () => class Unnamed {},
)

/** A fresh one each time. */
const odd = oddity.map((make) => make())

/** For what has to be a number within limits. */
export function noInteger(min: number, max: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    noObject.filter((value) => typeof value !== 'number'),
    odd,
    fc.constantFrom(
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      2 ** 53,
      -(2 ** 53),
      1e300,
    ),
    fc.double({ noInteger: true, noDefaultInfinity: true }),
    fc.integer({ min: 1, max: 2 ** 40 }).map((beyond) => max + beyond),
    fc.integer({ min: 1, max: 2 ** 40 }).map((beyond) => min - beyond),
  )
}

/** For what has to be text. */
export const noText = fc.oneof(
  noObject.filter((value) => typeof value !== 'string'),
  odd,
  fc.constant(undefined),
)

/** For what has to be a path or the name of something: wrong as a type, or by a NUL byte in its midst. */
export const noName = fc.oneof(
  noText,
  fc.tuple(fc.string({ minLength: 1 }), fc.string()).map(([a, b]) => `${a}\0${b}`),
)

function detached<View>(view: View & ArrayBufferView): View {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] })
  return view
}

interface Resizable extends ArrayBuffer {
  resize(bytes: number): void
}

/** Memory that can be shrunk, where this Node.js has it: ES2024. */
export function resizable(bytes: number): Resizable {
  return Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: bytes }])
}

/** A view of 8 bytes that is out of bounds since. */
function shrunk<View>(make: (buffer: ArrayBuffer) => View): View {
  const buffer = resizable(16)
  const view = make(buffer)
  buffer.resize(4)
  return view
}

/** Views of memory that is gone. */
const gone = fc.constantFrom(
  new Unruly('detached bytes', () => detached(new Uint8Array(8))),
  new Unruly('detached numbers', () => detached(new Float64Array(2))),
  new Unruly('detached DataView', () => detached(new DataView(new ArrayBuffer(8)))),
  new Unruly('detached, and empty before', () => detached(new Uint8Array(0))),
  new Unruly('shrunk bytes', () => shrunk((buffer) => new Uint8Array(buffer, 8, 8))),
  new Unruly('shrunk numbers', () => shrunk((buffer) => new BigInt64Array(buffer, 8))),
  new Unruly('shrunk DataView', () => shrunk((buffer) => new DataView(buffer, 8, 8))),
)

/** For what has to be an ArrayBufferView. */
export const noView = fc.oneof(
  noObject,
  odd.filter((value) => !ArrayBuffer.isView(value)),
  fc.constant(undefined),
  gone,
)

/** For what has to be an array of them: wrong as a whole, in one element, or by holes, however many. */
export const noViews = fc.oneof(
  noObject,
  fc.constantFrom<unknown>(undefined, {}, new Set([Buffer.alloc(1)]), { length: 1, 0: Buffer.alloc(1) }),
  noView.map((wrong) => [Buffer.alloc(4), wrong]),
  fc.constantFrom(1, 2, 1000, 2 ** 32 - 1).map((length) => new Array(length)),
)

/** Wrong in one field of an object that is right otherwise. */
export const wrongIn = (right: object, field: string, wrong: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  wrong.map((value) => ({ ...right, [field]: value }))

/** An object whose field cannot be read. */
export const trapIn = (right: object, field: string): fc.Arbitrary<unknown> =>
  fc.constant(null).map(() => Object.defineProperty({ ...right }, field, { get: spring, enumerable: true }))

/** For what has to be an object with fields that are all needed. */
export const noFields = fc.oneof(
  noObject,
  fc.constant(undefined),
  fc.constantFrom({}, [], () => {}),
)

const PORTS = noInteger(0, 65_535)
const IP = { host: '127.0.0.1', port: 7 }

/** For what has to be an address with a numeric host. */
export const noEndpoint = fc.oneof(
  noFields.filter((value) => value !== undefined),
  wrongIn(IP, 'port', PORTS),
  wrongIn(IP, 'scopeId', noInteger(0, 2 ** 32 - 1)),
  wrongIn(IP, 'host', noText),
  wrongIn(IP, 'host', fc.constantFrom('', 'localhost', '127.1', '127.0.0.1\0', '1.2.3.4.5', ':::', '%lo')),
  wrongIn({}, 'path', noName),
  wrongIn({}, 'path', fc.constantFrom('', '\0', 'x'.repeat(5000), '\0'.padEnd(5000, 'x'))),
  trapIn(IP, 'host'),
  trapIn(IP, 'port'),
  trapIn({ path: '' }, 'path'),
  fc.constantFrom(...UNRULY),
)

/** For what has to be `{ signal?, timeoutMs? }`. */
export const noWaitOptions = fc.oneof(
  noObject,
  wrongIn({}, 'timeoutMs', noInteger(0, 2 ** 31 - 1)),
  noSignal(),
  trapIn({}, 'timeoutMs'),
  trapIn({}, 'signal'),
)

/** For what has to be `{ signal?, loop? }`. */
export const noPollOptions = fc.oneof(noObject, noSignal(), noLoop())

/** For what has to be `{ loop? }`. */
export const noLoopOptions = fc.oneof(noObject, noLoop(), trapIn({}, 'loop'))

function noSignal(): fc.Arbitrary<unknown> {
  const likeOne = { aborted: false, throwIfAborted: () => {} }
  return wrongIn({}, 'signal', fc.oneof(noObject, odd, fc.constantFrom({}, { aborted: false }, likeOne)))
}

function noLoop(): fc.Arbitrary<unknown> {
  return wrongIn({}, 'loop', fc.oneof(noObject, odd, fc.constant({})))
}
