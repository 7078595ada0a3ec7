// @ts-check
/** Random programs for two ends of one connection: what they are made of, as plain data that can be printed and shrunk. */
import fc from 'fast-check'

/**
 * @typedef {'client' | 'peer'} End `peer` is the socket that the server was given for the client
 * @typedef {{ name: string, args: any[] }} Op one call on a socket
 * @typedef {{ end: End, event: string, ops: Op[] }} Reaction calls made inside the first event of that name
 * @typedef {'data' | 'readable' | 'none' | 'echo'} Reader how an end takes what arrives
 * @typedef {object} Program
 * @property {'tcp' | 'unix' | 'refused'} transport `refused`: nobody listens
 * @property {{ allowHalfOpen?: boolean, highWaterMark?: number, noDelay?: boolean }} client options of the client
 * @property {{ allowHalfOpen?: boolean, highWaterMark?: number, pauseOnConnect?: boolean }} server options of the server
 * @property {Record<End, Reader>} readers
 * @property {Op[]} early what is called on the client in the tick that connects it
 * @property {Reaction[]} reactions
 * @property {{ end: End, ops: Op[] }[]} steps each is one tick, after which everything comes to rest
 */

/** Lengths of single writes; together they fit into any kernel buffer. */
const SMALL = [0, 1, 5, 100, 1000]
/** More than a high-water mark, a read, a slab or a kernel buffer takes. */
const LARGE = [1, 1000, 16 * 1024, 65_537, 300_000, 3_000_000]

/** A timeout that is set although what comes after it is wrong: it must not come. */
const NEVER_MS = 600_000

const ENCODINGS = ['utf8', 'latin1', 'hex', 'base64', 'ucs2']
const EVENTS = [
  'connect',
  'ready',
  'data',
  'end',
  'finish',
  'drain',
  'timeout',
  'error',
  'close',
  'wrote',
  'pause',
  'resume',
]

const none = fc.constant(/** @type {any[]} */ ([]))
const flag = fc.boolean()

/** @param {number[]} lengths */
const payload = (lengths) =>
  fc.tuple(fc.constantFrom(...lengths), fc.constantFrom('buffer', 'uint8array', ...ENCODINGS))

/**
 * The calls, the likely ones more often.
 * @param {number[]} lengths
 * @param {boolean} exact whether traces are compared, so that only what is determined may be asked for
 */
function opNamed(lengths, exact) {
  /** @type {{ weight: number, arbitrary: fc.Arbitrary<{ name: string, args: any[] }> }[]} */
  const ops = []
  /** @type {(weight: number, name: string, args?: fc.Arbitrary<any[]>) => void} */
  const add = (weight, name, args = none) => {
    ops.push({ weight, arbitrary: fc.record({ name: fc.constant(name), args }) })
  }
  add(12, 'write', payload(lengths))
  add(5, 'end')
  add(3, 'end', payload(lengths))
  add(3, 'destroy')
  add(1, 'destroy', fc.constant(['error']))
  add(2, 'resetAndDestroy')
  add(2, 'destroySoon')
  add(4, 'pause')
  add(5, 'resume')
  add(2, 'cork')
  add(3, 'uncork')
  add(1, 'setNoDelay', fc.tuple(flag))
  add(1, 'setKeepAlive', fc.tuple(flag, fc.constantFrom(0, 1000)))
  add(1, 'ref')
  add(1, 'unref')
  add(2, 'expire')
  add(1, 'setTimeout', fc.constant([0]))
  if (exact) {
    add(1, 'setEncoding', fc.tuple(fc.constantFrom('utf8', 'latin1', 'hex')))
    add(1, 'read', fc.tuple(fc.constantFrom(0, 1, 5, 100)))
    add(1, 'read')
    add(1, 'unshift', fc.constant([3, 'buffer']))
    add(1, 'unpipe')
    add(1, 'stopListening')
    add(1, 'write', fc.constantFrom([null], [undefined], [7], [{}]))
    add(1, 'setTimeout', fc.constantFrom(['1'], [-1], [Number.NaN], [NEVER_MS, 'callback']))
    add(1, 'address')
    add(1, 'throw')
  }
  return fc.oneof(...ops)
}

/** @param {{ exact: boolean }} kind @returns {fc.Arbitrary<Program>} */
export function programs({ exact }) {
  const named = opNamed(exact ? SMALL : LARGE, exact)
  const end = fc.constantFrom(/** @type {End[]} */ 'client', 'peer')
  const step = fc.record({ end, ops: fc.array(named, { minLength: 1, maxLength: 3 }) })
  const reader = fc.oneof(
    { weight: 5, arbitrary: fc.constant('data') },
    { weight: 2, arbitrary: fc.constant('readable') },
    { weight: exact ? 1 : 0, arbitrary: fc.constant('none') },
    { weight: exact ? 2 : 1, arbitrary: fc.constant('echo') },
  )
  const mark = fc.constantFrom(undefined, undefined, 1, 100, 100_000)
  const options = { requiredKeys: /** @type {[]} */ ([]) }
  // The other end's events come when they come: what is done inside an event is done to the same end.
  const reaction = fc.record({
    end,
    event: fc.constantFrom(...EVENTS),
    ops: fc.array(named, { minLength: 1, maxLength: 2 }),
  })
  return /** @type {fc.Arbitrary<Program>} */ (
    fc.record({
      transport: fc.oneof(
        { weight: 12, arbitrary: fc.constant('tcp') },
        { weight: 4, arbitrary: fc.constant('unix') },
        { weight: exact ? 1 : 0, arbitrary: fc.constant('refused') },
      ),
      client: fc.record({ allowHalfOpen: flag, highWaterMark: mark, noDelay: flag }, options),
      server: fc.record({ allowHalfOpen: flag, highWaterMark: mark, pauseOnConnect: flag }, options),
      // Two that send back what they get would never come to rest.
      readers: fc
        .record({ client: reader, peer: reader })
        .filter(({ client, peer }) => client !== 'echo' || peer !== 'echo'),
      early: fc.array(named, { maxLength: 2 }),
      reactions: fc.array(reaction, { maxLength: 2 }),
      // Of one end: whether what both do in one tick meets in the kernel is a matter of when it leaves.
      steps: fc.array(step, { maxLength: 7 }),
    })
  )
}
