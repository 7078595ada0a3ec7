/**
 * memcached's text protocol (https://github.com/memcached/memcached/blob/master/doc/protocol.txt): sets keys and gets them
 * back, and compares each value with what was stored.
 *
 *     pollux-bench tcp 127.0.0.1:11211 --script bench/generator/examples/memcached.mjs --depth 16
 *
 * Every connection has keys of its own, so that it knows what it must find.
 */

export const protocol = 'tcp'

const KEYS = 100
const VALUE = Buffer.alloc(100, 'memcached ')
/** One request in so many stores. */
const SET_EVERY = 10

const CRLF = Buffer.from('\r\n')
const STORED = Buffer.from('STORED\r\n')
const END = Buffer.from('END\r\n')

export default (connection, replied) => new Memcached(connection, replied)

class Memcached {
  /** Bytes of values that were compared, for the report. */
  verifiedBytes = 0

  constructor(connection, replied) {
    this.replied = replied
    this.number = 0
    // What must come, oldest first: the same few Buffers again and again, so that a request allocates nothing of its own.
    this.expected = []
    this.partial = null
    const keys = Array.from({ length: KEYS }, (_, key) => `pollux:${connection}:${key}`)
    this.sets = keys.map((key) =>
      Buffer.concat([Buffer.from(`set ${key} 0 0 ${VALUE.length}\r\n`), VALUE, CRLF]),
    )
    this.gets = keys.map((key) => Buffer.from(`get ${key}\r\n`))
    this.values = keys.map((key) =>
      Buffer.concat([Buffer.from(`VALUE ${key} 0 ${VALUE.length}\r\n`), VALUE, CRLF, END]),
    )
  }

  request(out) {
    const number = this.number++
    // At first all keys are stored.
    const isSet = number < KEYS || number % SET_EVERY === 0
    const key = number % KEYS
    const bytes = isSet ? this.sets[key] : this.gets[key]
    this.expected.push(isSet ? STORED : this.values[key])
    out.write(bytes)
    return bytes.length
  }

  receive(bytes) {
    const all = this.partial === null ? bytes : Buffer.concat([this.partial, bytes])
    let at = 0
    while (at < all.length) {
      const wanted = this.expected[0]
      if (wanted === undefined) throw new Error('memcached answered more than it was asked')
      const length = Math.min(wanted.length, all.length - at)
      if (all.compare(wanted, 0, length, at, at + length) !== 0) {
        throw new Error(`memcached answered ${JSON.stringify(all.toString('latin1', at, at + 80))}`)
      }
      if (length < wanted.length) break
      at += length
      this.expected.shift()
      this.verifiedBytes += length
      this.replied()
    }
    // A copy: the bytes are the network's again when this returns.
    this.partial = at === all.length ? null : Buffer.from(all.subarray(at))
  }
}
